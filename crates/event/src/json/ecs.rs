//! Winlogbeat's and ECS's paths into native fields, once the whole event is written.

use super::paths::{Meaning, Paths};
use crate::batch::{Value, Writer};
use crate::interned::NameId;

macro_rules! kinds {
    ($parent:literal) => {
        [
            (concat!($parent, "sha1"), "SHA1"),
            (concat!($parent, "md5"), "MD5"),
            (concat!($parent, "sha256"), "SHA256"),
            (concat!($parent, "imphash"), "IMPHASH"),
        ]
    };
}

/// ECS splits hashes by kind; Sysmon and Sigma know one field `SHA1=..,MD5=..`.
const HASHES: [[(&str, &str); 4]; 4] =
    [kinds!("process.hash."), kinds!("file.hash."), kinds!("dll.hash."), kinds!("hash.")];

/// Gives every value of the event its native name, where it has one.
pub(super) fn translate(paths: &Paths, event: &mut Writer<'_>) {
    if paths.all_native() {
        return;
    }
    let is_foreign = |name| matches!(paths.meaning(name), Some(Meaning::Foreign(_)));
    // Native names first: an ECS copy of the same fact must not make an array of it.
    let foreign = event.move_last(is_foreign);
    // Names of a Windows event's data, whose blanks go; another source's names stay as they are.
    let flat_windows = event.first_by_id(NameId::CHANNEL).is_some();
    for place in 0..foreign {
        match paths.meaning(event.name_at(place)) {
            Some(Meaning::Native(name)) => event.rename(place, name),
            Some(Meaning::Blanks(name)) if flat_windows => event.rename(place, name),
            _ => {}
        }
    }
    let hashes = hashes(event);
    let user = user(event);
    rename_foreign(paths, foreign, event);
    if let Some(hashes) = hashes.filter(|_| !event.has("Hashes")) {
        event.text("Hashes", &hashes);
    }
    if let Some(user) = user.filter(|_| !event.has("User") && !event.has("SubjectUserName")) {
        event.text("User", &user);
    }
}

/// Several ECS fields may tell one native field (`event.code`, `winlog.event_id`): the first is it,
/// the others keep their own names, and all do when the native field itself was there. One path
/// with several values is an array and stays one.
fn rename_foreign(paths: &Paths, foreign: usize, event: &mut Writer<'_>) {
    // (native field, the path it is read from)
    let mut taken: Vec<(NameId, Option<NameId>)> = Vec::new();
    for place in foreign..event.len() {
        let path = event.name_at(place);
        let Some(Meaning::Foreign(Some(native))) = paths.meaning(path) else { continue };
        if taken.iter().all(|(name, _)| *name != native) {
            let free = event.first_by_id(native).is_none();
            taken.push((native, free.then_some(path)));
        }
        if taken.contains(&(native, Some(path))) {
            event.rename(place, native);
        }
    }
}

fn text_at<'e>(event: &'e Writer<'_>, path: &str) -> Option<&'e str> {
    match event.first(path)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn hashes(event: &Writer<'_>) -> Option<String> {
    HASHES.iter().find_map(|kinds| {
        let told = kinds.iter().filter_map(|(path, kind)| {
            Some(format!("{kind}={}", text_at(event, path)?.to_uppercase()))
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join(","))
    })
}

fn user(event: &Writer<'_>) -> Option<String> {
    let name = text_at(event, "user.name")?;
    Some(match text_at(event, "user.domain") {
        Some(domain) => format!("{domain}\\{name}"),
        None => name.to_owned(),
    })
}
