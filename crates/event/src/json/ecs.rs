//! Other collectors' paths into native fields, once the whole event is written: of ECS by
//! [`crate::names`], of the others by [`super::shapes`].

use super::paths::{Meaning, Paths, Told};
use super::shapes;
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
    unwrap(paths, event);
    let is_foreign = |name| matches!(paths.meaning(name), Some(Meaning::Foreign(_)));
    // Native names first: an ECS copy of the same fact must not make an array of it.
    let foreign = event.move_last(is_foreign);
    // Names of a Windows event's data, whose blanks go; another source's names stay as they are.
    let flat_windows = event.first_by_id(NameId::CHANNEL).is_some();
    for place in 0..foreign {
        match paths.meaning(event.name_at(place)) {
            Some(Meaning::Native(name)) => event.rename(place, name),
            Some(Meaning::Escaped(name)) => unescape(place, name, event),
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

/// Gives every value of a wrapped event the path that it has within.
fn unwrap(paths: &Paths, event: &mut Writer<'_>) {
    if !paths.has_wrapped() {
        return;
    }
    for place in 0..event.len() {
        if let Some(Meaning::Wrapped(path)) = paths.meaning(event.name_at(place)) {
            event.rename(place, path);
        }
    }
}

fn unescape(place: usize, name: NameId, event: &mut Writer<'_>) {
    event.rename(place, name);
    if let Value::Text(text) = event.value_at(place)
        && let Some(plain) = shapes::unescaped(text)
    {
        event.retell(place, &plain);
    }
}

/// Several foreign fields may tell one native field (`event.code`, `winlog.event_id`): the surest
/// is it, the others keep their own names, and all do when the native field itself was there. One
/// path with several values is an array and stays one.
fn rename_foreign(paths: &Paths, foreign: usize, event: &mut Writer<'_>) {
    let told = |path| match paths.meaning(path) {
        Some(Meaning::Foreign(Some(told))) => Some(told),
        _ => None,
    };
    // (what is told, the path that tells it best)
    let mut taken: Vec<(Told, NameId)> = Vec::new();
    for place in foreign..event.len() {
        let path = event.name_at(place);
        let Some(told) = told(path) else { continue };
        match taken.iter_mut().find(|(best, _)| best.native == told.native) {
            Some(best) if told.rank < best.0.rank => *best = (told, path),
            Some(_) => {}
            None => taken.push((told, path)),
        }
    }
    taken.retain(|(told, _)| event.first_by_id(told.native).is_none());
    for place in foreign..event.len() {
        let path = event.name_at(place);
        if let Some((told, _)) = taken.iter().find(|(_, best)| *best == path) {
            event.rename(place, told.native);
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
