# keyfleet as one static binary, for the user 65532, without a shell:
#
#   docker build -t registry.example/keyfleet:0.1.0 .
#
# Debian and musl as in .ci/run, which builds the same binary, looks that it is static, and runs it.
FROM rust:1-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends musl-tools \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN target="$(uname -m)-unknown-linux-musl" \
 && rustup target add "$target" \
 && cargo build --locked --release --target "$target" --bin keyfleet \
 && install -D "target/$target/release/keyfleet" /image/usr/local/bin/keyfleet \
 && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp \
 && install -d -o 65532 -g 65532 -m 0700 /image/var/lib/keyfleet

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/keyfleet"]
