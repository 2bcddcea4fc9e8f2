//! Flat and nested JSON without the Windows record's shape: Winlogbeat, ECS, and plain fields.

use crate::batch::{Value, Writer};
use crate::json::tree::Node;
use crate::{names, windows};

/// Where Winlogbeat keeps the fields under their native names.
const NATIVE_PREFIXES: &[&str] = &["winlog.event_data.", "winlog.user_data."];

/// ECS splits hashes by kind; Sysmon and Sigma know one field `SHA1=..,MD5=..`.
const HASH_PARENTS: &[&str] = &["process.hash.", "file.hash.", "dll.hash.", "hash."];
const HASH_KINDS: &[(&str, &str)] =
    &[("sha1", "SHA1"), ("md5", "MD5"), ("sha256", "SHA256"), ("imphash", "IMPHASH")];

/// Writes every leaf under its native name.
pub(super) fn write(root: &Node<'_>, event: &mut Writer<'_>) {
    let mut leaves = Vec::new();
    collect(String::new(), root, &mut leaves);
    // Names of a Windows event's data, whose blanks go; another source's names stay as they are.
    let flat_windows = root.get("Channel").is_some();
    // Native names first: an ECS copy of the same fact must not make an array of it.
    let (native, foreign): (Vec<_>, Vec<_>) =
        leaves.iter().partition(|(path, _)| native_name(path).is_some());
    for (path, leaf) in &native {
        let Some(name) = native_name(path) else { continue };
        if flat_windows || name.len() < path.len() {
            windows::write_leaf(&windows::field_name(name), leaf, event);
        } else {
            windows::write_leaf(name, leaf, event);
        }
    }
    write_foreign(&foreign, event);
    write_hashes(&foreign, event);
    write_user(&foreign, event);
}

/// Several ECS fields may tell one native field (`event.code`, `winlog.event_id`): the first is it,
/// the others keep their own names, and all do when the native field itself was there. One path
/// with several leaves is an array and stays one.
fn write_foreign(leaves: &[&Leaf<'_, '_>], event: &mut Writer<'_>) {
    // (native field, the path it is read from)
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for (path, leaf) in leaves {
        let native = names::native_of(path);
        if let Some(name) = native
            && taken.iter().all(|(taken, _)| *taken != name)
        {
            taken.push((name, if event.has(name) { "" } else { path }));
        }
        let field = native.filter(|name| taken.contains(&(*name, path.as_str()))).unwrap_or(path);
        windows::write_leaf(field, leaf, event);
    }
}

/// Returns the native name if the path itself is one: without dots, or below a native prefix.
fn native_name(path: &str) -> Option<&str> {
    let inner = NATIVE_PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix));
    match inner {
        Some(name) => Some(name),
        None if path.contains('.') || names::native_of(path).is_some() => None,
        None => Some(path),
    }
}

/// Lists the leaves with their dotted paths. The tree's depth is bounded where it is read.
fn collect<'n, 'a>(path: String, node: &'n Node<'a>, leaves: &mut Vec<(String, &'n Node<'a>)>) {
    match node {
        Node::Object(members) => {
            for (name, inner) in members {
                let below =
                    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                collect(below, inner, leaves);
            }
        }
        Node::Array(items) => {
            items.iter().for_each(|item| collect(path.clone(), item, leaves));
        }
        leaf => leaves.push((path, leaf)),
    }
}

type Leaf<'n, 'a> = (String, &'n Node<'a>);

fn text_at<'n>(leaves: &[&'n Leaf<'_, '_>], path: &str) -> Option<&'n str> {
    leaves.iter().find(|(leaf, _)| leaf == path).and_then(|(_, node)| match node {
        Node::Text(text) => Some(text.as_ref()),
        _ => None,
    })
}

fn write_hashes(leaves: &[&Leaf<'_, '_>], event: &mut Writer<'_>) {
    if event.has("Hashes") {
        return;
    }
    let found = HASH_PARENTS.iter().find_map(|parent| {
        let kinds: Vec<String> = HASH_KINDS
            .iter()
            .filter_map(|(ecs, sysmon)| {
                let hash = text_at(leaves, &format!("{parent}{ecs}"))?;
                Some(format!("{sysmon}={}", hash.to_uppercase()))
            })
            .collect();
        (!kinds.is_empty()).then(|| kinds.join(","))
    });
    if let Some(hashes) = found {
        event.set("Hashes", Value::Text(&hashes));
    }
}

fn write_user(leaves: &[&Leaf<'_, '_>], event: &mut Writer<'_>) {
    if event.has("User") || event.has("SubjectUserName") {
        return;
    }
    let Some(name) = text_at(leaves, "user.name") else { return };
    match text_at(leaves, "user.domain") {
        Some(domain) => event.text("User", &format!("{domain}\\{name}")),
        None => event.text("User", name),
    }
}
