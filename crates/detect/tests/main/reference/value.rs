//! `field|modifier|modifier: values`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use regex::RegexBuilder;
use yaml_rust2::Yaml;

use super::text::{self, Letter};
use super::{Cell, Event, date, encoding, number};

/// What placeholders stand for.
pub(crate) type Lists = BTreeMap<String, Vec<String>>;

const PLACES: [&str; 3] = ["contains", "startswith", "endswith"];
const PARTS: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];

/// One entry of a map, or keywords where there is no field.
struct Entry<'a> {
    field: &'a str,
    modifiers: Vec<&'a str>,
    event: &'a Event,
    lists: &'a Lists,
}

/// Returns the values that stand there: several, or one.
pub(crate) fn listed(node: &Yaml) -> Vec<&Yaml> {
    match node {
        Yaml::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

/// "Lists of values are linked with OR"; `all` "changes this to AND"; `neq`: "the field is different
/// from the specified values".
pub(crate) fn entry(key: &str, values: &Yaml, event: &Event, lists: &Lists) -> bool {
    let mut words = key.split('|');
    let field = words.next().unwrap();
    let entry = Entry { field, modifiers: words.collect(), event, lists };
    let mut values = listed(values).into_iter();
    let holds = if entry.has("all") {
        values.all(|value| entry.holds(value))
    } else {
        values.any(|value| entry.holds(value))
    };
    holds != entry.has("neq")
}

/// A scalar as it is written.
fn written(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        other => panic!("{other:?} is no value"),
    }
}

impl Entry<'_> {
    fn has(&self, modifier: &str) -> bool {
        self.modifiers.contains(&modifier)
    }

    fn one_of<'o>(&self, several: &[&'o str]) -> Option<&'o str> {
        several.iter().copied().find(|modifier| self.has(modifier))
    }

    /// The values of the field; those of the whole event for keywords.
    fn cells(&self, field: &str) -> Vec<&Cell> {
        if field.is_empty() {
            return self.event.message.iter().collect();
        }
        self.event.fields.get(field).into_iter().flatten().collect()
    }

    /// Whether one of the field's values is what the rule's value asks for.
    fn holds(&self, value: &Yaml) -> bool {
        let cells = self.cells(self.field);
        if self.has("exists") {
            // "Only verifies the presence of a field, not its value, be it empty or null."
            return cells.is_empty() != value.as_bool().unwrap();
        }
        if *value == Yaml::Null {
            // A field that is not there has no value either.
            return cells.is_empty() || cells.contains(&&Cell::Null);
        }
        let asked = written(value);
        let texts: Vec<&str> = cells.iter().filter_map(|cell| cell.text()).collect();
        if self.has("fieldref") {
            let others = self.cells(&asked);
            let mut others = others.iter().filter_map(|cell| cell.text());
            return others.any(|other| texts.iter().any(|text| self.stands_to(text, other)));
        }
        let asked = self.expanded(&asked);
        asked.iter().any(|asked| texts.iter().any(|text| self.is(value, asked, text)))
    }

    /// Whether a text is what is asked for.
    fn is(&self, value: &Yaml, asked: &str, text: &str) -> bool {
        if self.has("re") {
            let mut regex = RegexBuilder::new(asked);
            regex.case_insensitive(self.has("i"));
            regex.multi_line(self.has("m")).dot_matches_new_line(self.has("s"));
            return regex.build().unwrap().is_match(text);
        }
        if self.has("cidr") {
            return is_in(text, asked).unwrap_or(false);
        }
        if let Some(part) = self.one_of(&PARTS) {
            let part = date::part(text, part).map(|part| part.to_string());
            return part.is_some_and(|part| self.compares(&part, asked));
        }
        if self.one_of(&["lt", "lte", "gt", "gte"]).is_some() {
            return self.compares(text, asked);
        }
        let number = matches!(value, Yaml::Integer(_) | Yaml::Real(_));
        if number && self.modifiers.iter().all(|word| ["all", "neq", "cased"].contains(word)) {
            return !self.field.is_empty() && number::order(text, asked) == Some(Ordering::Equal)
                || self.placed_fits(&text::read(asked), text);
        }
        self.spellings(asked).iter().any(|spelling| self.placed_fits(spelling, text))
    }

    fn compares(&self, number: &str, asked: &str) -> bool {
        let Some(order) = number::order(number, asked) else { return false };
        match self.one_of(&["lt", "lte", "gt", "gte"]) {
            Some("lt") => order.is_lt(),
            Some("lte") => order.is_le(),
            Some("gt") => order.is_gt(),
            Some(_) => order.is_ge(),
            None => order.is_eq(),
        }
    }

    /// Whether the text of a field stands so to that of another.
    fn stands_to(&self, text: &str, other: &str) -> bool {
        let other: Vec<Letter> = other.chars().map(Letter::Same).collect();
        self.placed_fits(&other, text)
    }

    /// "Puts `*` wildcards around the values", before them or behind them.
    fn placed_fits(&self, letters: &[Letter], text: &str) -> bool {
        let place = self.one_of(&PLACES);
        let keyword = self.field.is_empty() && place.is_none();
        let open = |places: [&str; 2]| match place {
            Some(place) if places.contains(&place) => vec![Letter::Any],
            None if keyword => vec![Letter::Any],
            _ => Vec::new(),
        };
        let (before, behind) = (open(["contains", "endswith"]), open(["contains", "startswith"]));
        text::fits(&[before, letters.to_vec(), behind].concat(), text, self.has("cased"))
    }

    /// "The value modifiers are applied in the given order to the value"; "a value might also expand
    /// into multiple values".
    fn spellings(&self, asked: &str) -> Vec<Vec<Letter>> {
        let mut all = vec![text::read(asked)];
        // What an encoding makes is no text, until Base64 writes it down.
        let mut bytes: Option<Vec<Vec<u8>>> = None;
        for modifier in &self.modifiers {
            let plain = |letters: &Vec<Letter>| text::plain(letters).into_bytes();
            match *modifier {
                "windash" => all = all.iter().flat_map(|letters| text::dashes(letters)).collect(),
                "wide" | "utf16le" | "utf16be" | "utf16" => {
                    let wide =
                        |letters: &Vec<Letter>| encoding::utf16(&text::plain(letters), modifier);
                    bytes = Some(all.iter().map(wide).collect());
                }
                "base64" => {
                    let values = bytes.take().unwrap_or_else(|| all.iter().map(plain).collect());
                    all = values.iter().map(|value| letters(&encoding::base64(value))).collect();
                }
                "base64offset" => {
                    let values = bytes.take().unwrap_or_else(|| all.iter().map(plain).collect());
                    let offsets = values.iter().flat_map(|value| encoding::base64_offsets(value));
                    all = offsets.map(|text| letters(&text)).collect();
                }
                _ => {}
            }
        }
        match bytes {
            None => all,
            Some(values) => {
                values.iter().map(|value| letters(std::str::from_utf8(value).unwrap())).collect()
            }
        }
    }

    /// `field|expand: %name%`: the placeholder becomes each value of its list; `\%` is a plain
    /// percent sign.
    fn expanded(&self, asked: &str) -> Vec<String> {
        if !self.has("expand") {
            return vec![asked.to_owned()];
        }
        for (name, values) in self.lists {
            let placeholder = format!("%{name}%");
            let mut places = asked.match_indices(&placeholder).map(|(at, _)| at);
            let plain = |at: usize| asked[..at].ends_with('\\');
            if let Some(at) = places.find(|at| !plain(*at)) {
                let (before, behind) = (&asked[..at], &asked[at + placeholder.len()..]);
                let with = |value: &String| format!("{before}{value}{behind}");
                return values.iter().map(with).flat_map(|one| self.expanded(&one)).collect();
            }
        }
        vec![asked.replace("\\%", "%")]
    }
}

fn letters(text: &str) -> Vec<Letter> {
    text.chars().map(Letter::Same).collect()
}

/// Whether an address is in a network: the leading bits are the same. Logs write addresses in
/// brackets, with a zone, and those of version 4 as of version 6.
fn is_in(address: &str, network: &str) -> Option<bool> {
    let bare = address.trim().trim_start_matches('[').trim_end_matches(']');
    let bare: IpAddr = bare.split('%').next()?.parse().ok()?;
    let (net, bits) =
        network.split_once('/').map_or((network, None), |(net, bits)| (net, Some(bits)));
    let net: IpAddr = net.parse().ok()?;
    let (address, net, width) = match (bare.to_canonical(), net) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return Some(false),
    };
    let bits: u32 = bits.map_or(Some(width), |bits| bits.parse().ok())?;
    let shifted = |ip: u128| ip.checked_shr(width - bits).unwrap_or(0);
    Some(shifted(address) == shifted(net))
}
