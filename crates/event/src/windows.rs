//! The Windows event record, `{"Event": {"System": .., "EventData": ..}}`, into flat Sigma names.
//!
//! JSON exports of EVTX files arrive in this one shape, but tell attributes in several ways. System
//! elements keep their names, their attributes become `Element_Attribute` (`Provider_Name`,
//! `Security_UserID`); named data become fields of their own; data without a name become entries of
//! `Data`.

use std::borrow::Cow;

use crate::batch::{Value, Writer};
use crate::json::tree::Node;
use crate::time;

/// Where event data go that have no name.
pub(crate) const UNNAMED_DATA: &str = "Data";

/// What a member is called that holds an element's attributes, and what its name ends with when it
/// stands beside the element.
const ATTRIBUTES: &str = "#attributes";
const ATTRIBUTES_BESIDE: &str = "_attributes";
/// What a member's name begins with that is an attribute, where not all are told so.
const ATTRIBUTE_MARK: char = '@';
/// The attribute of a record that tells nothing.
const NAMESPACE: &str = "@xmlns";
/// What a member is called that holds an element's text, where there are attributes beside it.
const TEXT: [&str; 3] = ["#text", "Value", "value"];

/// Returns the record inside `root`, wrapped in `Event` or not, if it has the shape.
pub(crate) fn record<'n, 'a>(root: &'n Node<'a>) -> Option<&'n Node<'a>> {
    let record = root.get("Event").unwrap_or(root);
    matches!(record.get("System"), Some(Node::Object(_))).then_some(record)
}

/// Writes the record's fields and time.
pub(crate) fn write(record: &Node<'_>, event: &mut Writer<'_>) {
    // System first: when user data repeat a name (a cleared log's `Channel`), the envelope must
    // still see the system's.
    if let Some(system) = record.get("System") {
        write_system(system, event);
    }
    let Node::Object(members) = record else { return };
    for (name, node) in members {
        match name.as_ref() {
            "System" | ATTRIBUTES => {}
            namespace if namespace.starts_with(NAMESPACE) => {}
            "EventData" => write_data(node, event),
            "UserData" => write_user_data(node, event),
            other => write_tree(other, node, event),
        }
    }
}

/// Returns the name of an `EventData` field as rules write it: without blanks. Windows Defender
/// names its fields in words (`Threat Name`), rules ask for `ThreatName`.
pub(crate) fn field_name(name: &str) -> Cow<'_, str> {
    if name.contains(' ') { Cow::Owned(name.replace(' ', "")) } else { Cow::Borrowed(name) }
}

/// Writes a leaf under `field`; containers write nothing.
pub(crate) fn write_leaf(field: &str, node: &Node<'_>, event: &mut Writer<'_>) {
    match node {
        Node::Null => event.set(field, Value::Null),
        Node::Bool(value) => event.set(field, Value::Bool(*value)),
        Node::Number(digits) => event.set(field, Value::Number(digits)),
        Node::Text(text) => event.set(field, Value::Text(text)),
        Node::Array(_) | Node::Object(_) => {}
    }
}

fn write_system(system: &Node<'_>, event: &mut Writer<'_>) {
    let Node::Object(members) = system else { return };
    // An empty system element (`Correlation`, `Security`) says nothing.
    for (name, node) in members.iter().filter(|(_, node)| *node != Node::Null) {
        match name.strip_suffix(ATTRIBUTES_BESIDE) {
            Some(element) if matches!(node, Node::Object(_)) => {
                write_part(element, ATTRIBUTES, node, event)
            }
            _ => write_system_element(name, node, event),
        }
    }
    write_stamp(system, event);
}

/// Nothing is nested in an element of the system: what is not its text is an attribute.
fn write_system_element(name: &str, node: &Node<'_>, event: &mut Writer<'_>) {
    let Node::Object(members) = node else { return write_values(name, node, event) };
    for (part, inner) in members {
        write_part(name, part, inner, event);
    }
}

fn write_part(name: &str, part: &str, inner: &Node<'_>, event: &mut Writer<'_>) {
    match (part, inner) {
        (ATTRIBUTES, Node::Object(attributes)) => {
            for (attribute, value) in attributes {
                write_attribute(name, attribute, value, event);
            }
        }
        (part, _) if TEXT.contains(&part) => write_values(name, inner, event),
        (part, Node::Object(_) | Node::Array(_)) => write_tree(part, inner, event),
        (attribute, value) => write_attribute(name, attribute, value, event),
    }
}

fn write_attribute(name: &str, attribute: &str, value: &Node<'_>, event: &mut Writer<'_>) {
    let attribute = attribute.trim_start_matches(ATTRIBUTE_MARK);
    // The stamp is written under its own name; namespaces say nothing.
    if attribute != "SystemTime" && !attribute.starts_with("xmlns") {
        write_leaf(&format!("{name}_{attribute}"), value, event);
    }
}

/// Writes the time that the system tells; Velociraptor tells it in seconds since 1970.
fn write_stamp(system: &Node<'_>, event: &mut Writer<'_>) {
    let created = system.get("TimeCreated");
    let attributes = created.and_then(|created| created.get(ATTRIBUTES));
    let beside = system.get("TimeCreated_attributes");
    let mut places = [attributes, beside, created].into_iter().flatten();
    let stamp =
        places.find_map(|place| place.get("SystemTime").or_else(|| place.get("@SystemTime")));
    match stamp {
        Some(Node::Text(stamp)) => {
            event.text("TimeCreated", stamp);
            if let Some(us) = time::iso(stamp, 0) {
                event.at(us);
            }
        }
        Some(Node::Number(digits)) => {
            if let Some(us) = time::epoch(digits) {
                event.text("TimeCreated", &time::shown(us));
                event.at(us);
            }
        }
        _ => {}
    }
}

/// Writes `Name` from the element's text and `Name_Attribute` from its attributes.
fn write_element(name: &str, node: &Node<'_>, event: &mut Writer<'_>) {
    let Node::Object(members) = node else { return write_values(name, node, event) };
    for (part, inner) in members {
        match (part.as_ref(), inner) {
            (ATTRIBUTES, Node::Object(_)) => write_part(name, ATTRIBUTES, inner, event),
            ("#text", text) => write_values(name, text, event),
            (child, inner) => write_tree(child, inner, event),
        }
    }
}

fn write_data(data: &Node<'_>, event: &mut Writer<'_>) {
    let Node::Object(members) = data else { return write_datum(data, event) };
    for (name, node) in members {
        match name.as_ref() {
            ATTRIBUTES => {}
            "#text" => write_values(UNNAMED_DATA, node, event),
            UNNAMED_DATA => write_datum(node, event),
            name => write_element(&field_name(name), node, event),
        }
    }
}

/// Writes one datum, or every item of an array of them: `{"@Name": .., "#text": ..}` under its name.
fn write_datum(datum: &Node<'_>, event: &mut Writer<'_>) {
    if let Node::Array(items) = datum {
        return items.iter().for_each(|item| write_datum(item, event));
    }
    let attributes = datum.get(ATTRIBUTES).and_then(|attributes| attributes.get("Name"));
    let Some(Node::Text(name)) = attributes.or_else(|| datum.get("@Name")) else {
        return write_tree(UNNAMED_DATA, datum, event);
    };
    match TEXT.iter().find_map(|text| datum.get(text)) {
        Some(Node::Null) | None => event.text(&field_name(name), ""),
        Some(text) => write_values(&field_name(name), text, event),
    }
}

/// User data wrap their fields in an element of the provider's choice, which names nothing.
fn write_user_data(data: &Node<'_>, event: &mut Writer<'_>) {
    let is_told = |name: &str| name != ATTRIBUTES && !name.starts_with(ATTRIBUTE_MARK);
    let Node::Object(wrappers) = data else { return };
    for (name, wrapper) in wrappers {
        match wrapper {
            Node::Object(members) => {
                for (name, node) in members.iter().filter(|(name, _)| is_told(name)) {
                    write_tree(name, node, event);
                }
            }
            leaf if is_told(name) => write_values(name, leaf, event),
            _ => {}
        }
    }
}

/// Writes every leaf below under its own element's name. The tree's depth is bounded where it is
/// read, so the recursion is too.
fn write_tree(name: &str, node: &Node<'_>, event: &mut Writer<'_>) {
    match node {
        Node::Object(_) => write_element(name, node, event),
        Node::Array(items) => items.iter().for_each(|item| write_tree(name, item, event)),
        leaf => write_leaf(name, leaf, event),
    }
}

/// Writes a leaf or every item of an array of them under one name.
fn write_values(name: &str, node: &Node<'_>, event: &mut Writer<'_>) {
    match node {
        Node::Array(items) => items.iter().for_each(|item| write_tree(name, item, event)),
        Node::Object(_) => write_tree(name, node, event),
        leaf => write_leaf(name, leaf, event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_leave_a_name_and_nothing_else_does() {
        for (name, field) in [
            ("Threat Name", "ThreatName"),
            ("Additional Actions ID", "AdditionalActionsID"),
            ("param1", "param1"),
            ("\u{110}\u{1ed1}i t\u{1b0}\u{1ee3}ng", "\u{110}\u{1ed1}it\u{1b0}\u{1ee3}ng"),
        ] {
            assert_eq!(field_name(name), field);
        }
    }
}
