//! Two languages: Vietnamese is written first, English beside it.
//!
//! The texts are Fluent files, one per slice and language under `lang/`, embedded in the binary.
//! A key that is missing shows as itself, so that a page never fails for a word; a test holds
//! the two languages to the same keys.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use unic_langid::langid;

/// A language of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Vietnamese, the first language.
    #[default]
    Vi,
    /// English.
    En,
}

#[derive(RustEmbed)]
#[folder = "src/lang"]
struct Texts;

type Bundle = FluentBundle<FluentResource>;

static VI: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::Vi));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::En));

impl Lang {
    /// Returns the code used in cookies, `lang` attributes and folder names.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// Returns the language of a code, Vietnamese when it is none of ours.
    pub fn of(code: &str) -> Self {
        if code == "en" { Self::En } else { Self::Vi }
    }

    /// Returns the text of `key`.
    pub fn t(self, key: &str) -> String {
        self.format(key, None)
    }

    /// Returns the text of `key` with its arguments filled in.
    pub fn ta(self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let mut filled = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            filled.set(name.to_string(), value.to_fluent());
        }
        self.format(key, Some(&filled))
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = match self {
            Self::Vi => &*VI,
            Self::En => &*EN,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else {
            tracing::warn!(key, lang = self.code(), "text without translation");
            return key.to_owned();
        };
        let mut problems = Vec::new();
        bundle.format_pattern(pattern, args, &mut problems).into_owned()
    }
}

/// An argument of a text.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// Words, set into the text as they are.
    Text(&'a str),
    /// A number, which may choose a plural form.
    Number(i64),
}

impl Arg<'_> {
    fn to_fluent(self) -> FluentValue<'static> {
        match self {
            Self::Text(text) => FluentValue::from(text.to_owned()),
            Self::Number(number) => FluentValue::from(number),
        }
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

fn bundle(lang: Lang) -> Bundle {
    let id = match lang {
        Lang::Vi => langid!("vi"),
        Lang::En => langid!("en"),
    };
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // The marks that Fluent puts around arguments would end up in copied numbers and links.
    bundle.set_use_isolating(false);
    for file in files(lang) {
        if let Err(problems) = bundle.add_resource(resource(&file)) {
            tracing::error!(file, ?problems, "language file defines a key twice");
        }
    }
    bundle
}

fn files(lang: Lang) -> Vec<String> {
    let prefix = format!("{}/", lang.code());
    let mut names: Vec<String> =
        Texts::iter().filter(|n| n.starts_with(&prefix)).map(|n| n.into_owned()).collect();
    names.sort();
    names
}

fn resource(file: &str) -> FluentResource {
    let bytes = Texts::get(file).map(|f| f.data.into_owned()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    FluentResource::try_new(text).unwrap_or_else(|(resource, problems)| {
        tracing::error!(file, ?problems, "language file has broken lines");
        resource
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Returns each file's keys with the arguments that its text names.
    fn keys(lang: Lang) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for file in files(lang) {
            let data = Texts::get(&file).expect("a listed file").data;
            let text = String::from_utf8(data.into_owned()).expect("language files are UTF-8");
            for (key, value) in messages(&text) {
                let slice = file.split('/').next_back().unwrap_or_default();
                let earlier = all.insert(format!("{slice}:{key}"), arguments(&value));
                assert!(earlier.is_none(), "{file}: {key} stands twice");
            }
            FluentResource::try_new(text).unwrap_or_else(|(_, p)| panic!("{file}: {p:?}"));
        }
        all
    }

    fn messages(text: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            match line.split_once(" =") {
                Some((key, value)) if !line.starts_with([' ', '\t', '}']) => {
                    found.push((key.to_owned(), value.to_owned()));
                }
                _ => {
                    if let Some((_, value)) = found.last_mut() {
                        value.push_str(line);
                    }
                }
            }
        }
        found
    }

    fn arguments(value: &str) -> Vec<String> {
        let mut names: Vec<String> = value
            .split('$')
            .skip(1)
            .map(|rest| {
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '-').collect()
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn both_languages_have_the_same_keys_and_arguments() {
        let (vi, en) = (keys(Lang::Vi), keys(Lang::En));
        let missing: Vec<_> = vi.keys().filter(|k| !en.contains_key(*k)).collect();
        let extra: Vec<_> = en.keys().filter(|k| !vi.contains_key(*k)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "only vi: {missing:?}; only en: {extra:?}");
        for (key, args) in &vi {
            assert_eq!(args, &en[key], "{key} takes other arguments in English");
        }
    }

    #[test]
    fn a_missing_key_shows_as_itself() {
        assert_eq!(Lang::Vi.t("no-such-key"), "no-such-key");
    }

    #[test]
    fn every_refusal_of_the_domain_has_a_text() {
        for code in khien_domain::refusal::CODES {
            let key = format!("refusal-{code}");
            assert_ne!(Lang::Vi.t(&key), key, "{key} has no Vietnamese text");
        }
    }
}
