{{- define "keyfleet.name" -}}
{{- if contains "keyfleet" .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-keyfleet" .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "keyfleet.selector" -}}
app.kubernetes.io/name: keyfleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "keyfleet.labels" -}}
{{ include "keyfleet.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Pods with volumes of their own are those of a StatefulSet. */}}
{{- define "keyfleet.kind" -}}
{{- ternary "StatefulSet" "Deployment" .Values.persistence.enabled }}
{{- end }}

{{- define "keyfleet.metadata" -}}
name: {{ include "keyfleet.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "keyfleet.labels" . | nindent 2 }}
{{- end }}

{{- /* What the operator says, and over it what follows from the objects of this chart. */}}
{{- define "keyfleet.settings" -}}
{{- $lease := dict "namespace" .Release.Namespace "name" (include "keyfleet.name" .) }}
{{- $own := dict "apiVersion" "keyfleet.dev/v1alpha1" "kind" "Service" "data" "/var/lib/keyfleet" "active" (dict "lease" $lease) }}
{{- $listen := dict "probes" (dict "listen" "0.0.0.0:8481") "webhooks" (dict "listen" "0.0.0.0:8482") }}
{{- toYaml (mergeOverwrite (deepCopy .Values.settings) $own $listen) }}
{{- end }}

{{- /* The port of the dashboard, empty where it listens on loopback only. */}}
{{- define "keyfleet.webPort" -}}
{{- $listen := dig "web" "listen" "127.0.0.1:8480" .Values.settings }}
{{- if not (regexMatch `^(127\.|\[::1\])` $listen) }}
{{- regexFind `[0-9]+$` $listen }}
{{- end }}
{{- end }}
