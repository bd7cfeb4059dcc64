//! `metadata.managedFields`: who owns what, as it is stored.

use super::set::Set;
use serde_json::{Map, Value, json};

/// More entries of updates than this are put together, the oldest first.
const MOST_UPDATERS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// Whose an entry is. One who applies is the same whatever the version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub operation: Operation,
    pub manager: String,
    /// Empty for one who applies.
    pub api_version: String,
    pub subresource: String,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub owner: Owner,
    pub api_version: String,
    pub time: Option<String>,
    pub fields: Set,
}

/// `None` where something is not an entry; then all of it is as if it were not there.
pub(super) fn read(object: &Value) -> Option<Vec<Entry>> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    entries.iter().map(read_entry).collect()
}

fn read_entry(value: &Value) -> Option<Entry> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let operation = match value["operation"].as_str()? {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return None,
    };
    let api_version = text("apiVersion");
    if api_version.is_empty() || value["fieldsType"] != "FieldsV1" {
        return None;
    }
    let owner = Owner {
        operation,
        manager: text("manager"),
        api_version: match operation {
            Operation::Apply => String::new(),
            Operation::Update => api_version.clone(),
        },
        subresource: text("subresource"),
    };
    Some(Entry {
        owner,
        api_version,
        time: value["time"].as_str().map(str::to_owned),
        fields: Set::read(&value["fieldsV1"]),
    })
}

/// Those who applied come first, then the oldest.
pub(super) fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.sort_by(|left, right| order(left).cmp(&order(right)));
    let entries: Vec<Value> = entries.into_iter().map(write_entry).collect();
    let metadata = object
        .as_object_mut()
        .map(|object| object.entry("metadata").or_insert_with(|| json!({})));
    let Some(Value::Object(metadata)) = metadata else {
        return;
    };
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), entries.into());
    }
}

fn order(entry: &Entry) -> (Operation, Option<&String>, &String, &String, &String) {
    let owner = &entry.owner;
    (
        owner.operation,
        entry.time.as_ref(),
        &owner.manager,
        &entry.api_version,
        &owner.subresource,
    )
}

fn write_entry(entry: Entry) -> Value {
    let operation = match entry.owner.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let mut written = Map::new();
    let mut put = |name: &str, value: Value| drop(written.insert(name.to_owned(), value));
    if !entry.owner.manager.is_empty() {
        put("manager", entry.owner.manager.into());
    }
    put("operation", operation.into());
    put("apiVersion", entry.api_version.into());
    if let Some(time) = entry.time {
        put("time", time.into());
    }
    put("fieldsType", "FieldsV1".into());
    put("fieldsV1", entry.fields.write());
    if !entry.owner.subresource.is_empty() {
        put("subresource", entry.owner.subresource.into());
    }
    Value::Object(written)
}

/// Where there are too many entries of updates, the oldest become one.
pub(super) fn put_together(entries: &mut Vec<Entry>) {
    let updaters = |entries: &[Entry]| {
        let mut updaters: Vec<usize> = (0..entries.len())
            .filter(|place| entries[*place].owner.operation == Operation::Update)
            .collect();
        updaters.sort_by(|left, right| {
            let (left, right) = (&entries[*left], &entries[*right]);
            (&left.time, &left.owner).cmp(&(&right.time, &right.owner))
        });
        updaters
    };
    loop {
        let oldest = updaters(entries);
        if oldest.len() <= MOST_UPDATERS {
            return;
        }
        // The oldest two of one version.
        let pair = oldest.iter().enumerate().find_map(|(place, second)| {
            let version = &entries[*second].api_version;
            let first = oldest[..place]
                .iter()
                .find(|first| entries[**first].api_version == *version)?;
            Some((*first, *second))
        });
        let Some((first, second)) = pair else { return };
        let merged = entries[second].clone();
        let kept = &mut entries[first];
        kept.fields = std::mem::take(&mut kept.fields).union(&merged.fields);
        kept.time = merged.time;
        kept.owner = Owner {
            operation: Operation::Update,
            manager: "ancient-changes".to_owned(),
            api_version: merged.api_version,
            subresource: String::new(),
        };
        entries.remove(second);
    }
}
