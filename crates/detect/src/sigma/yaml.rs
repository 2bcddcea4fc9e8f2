//! YAML into a small tree, within bounds: rules come from feeds and may be hostile.
//!
//! Built on the event parser, so that nesting, size and aliases ("billion laughs") are counted
//! while reading, and so that a quoted `'1'` stays text while a plain `1` is a number.

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::TScalarStyle;

use super::reason::Reason;

/// Nesting of lists and maps.
pub(crate) const DEPTH_MAX: usize = 32;
/// Nodes of one file, copies made by aliases included.
pub(crate) const NODES_MAX: usize = 200_000;
/// Bytes of scalars of one file, copies made by aliases included.
pub(crate) const TEXT_BYTES_MAX: usize = 4 << 20;

/// Keys of one map.
pub(crate) const KEYS_MAX: usize = 2_000;
/// Anchors of one document.
const ANCHORS_MAX: usize = 1_000;

/// A YAML value. A number keeps its digits; map entries keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Returns the value of a key; none when this is no map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// Returns the scalar as the text it was written with; none for null, lists and maps.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

/// What a document's tree weighs, so that aliases cannot multiply it.
#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

struct Anchored {
    id: usize,
    node: Node,
    weight: Weight,
}

enum Frame {
    List { anchor: usize, weight: Weight, items: Vec<Node> },
    Map { anchor: usize, weight: Weight, entries: Vec<(String, Node)>, key: Option<String> },
}

#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    frames: Vec<Frame>,
    anchors: Vec<Anchored>,
    spent: Weight,
}

/// Reads every document of the text.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, Reason> {
    let mut parser = Parser::new_from_str(text);
    let mut reader = Reader::default();
    loop {
        let (event, marker) = parser.next_token().map_err(|e| Reason::Yaml(e.to_string()))?;
        if matches!(event, Event::StreamEnd) {
            return Ok(reader.documents);
        }
        reader
            .take(event)
            .map_err(|why| Reason::Yaml(format!("{why} at line {}", marker.line())))?;
    }
}

impl Reader {
    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let weight = Weight { nodes: 1, bytes: text.len(), depth: 0 };
                self.place(scalar(text, style, tag.as_ref()), weight, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Frame::List { anchor, weight: Weight::default(), items: Vec::new() })
            }
            Event::MappingStart(anchor, _) => self.open(Frame::Map {
                anchor,
                weight: Weight::default(),
                entries: Vec::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id),
            Event::DocumentStart => {
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn alias(&mut self, id: usize) -> Result<(), String> {
        let anchored = self.anchors.iter().position(|anchored| anchored.id == id);
        let anchored = anchored.ok_or("alias to an unfinished or unknown anchor")?;
        let weight = self.anchors[anchored].weight;
        if self.frames.len() + weight.depth > DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        // Charged before it is copied.
        self.charge(weight)?;
        let node = self.anchors[anchored].node.clone();
        self.attach(node, weight)
    }

    fn charge(&mut self, weight: Weight) -> Result<(), String> {
        self.spent.nodes += weight.nodes;
        self.spent.bytes += weight.bytes;
        if self.spent.nodes > NODES_MAX || self.spent.bytes > TEXT_BYTES_MAX {
            return Err("document is too large once its aliases are resolved".to_owned());
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame) -> Result<(), String> {
        if self.frames.len() >= DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        self.charge(Weight { nodes: 1, bytes: 0, depth: 0 })?;
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let (node, mut weight, anchor) = match self.frames.pop() {
            Some(Frame::List { anchor, weight, items }) => (Node::List(items), weight, anchor),
            Some(Frame::Map { anchor, weight, entries, key: None }) => {
                (Node::Map(entries), weight, anchor)
            }
            Some(Frame::Map { .. }) => return Err("key without a value".to_owned()),
            None => return Err("unexpected end of a list or map".to_owned()),
        };
        weight.nodes += 1;
        weight.depth += 1;
        self.remember(anchor, &node, weight)?;
        self.attach(node, weight)
    }

    fn place(&mut self, node: Node, weight: Weight, anchor: usize) -> Result<(), String> {
        self.charge(weight)?;
        self.remember(anchor, &node, weight)?;
        self.attach(node, weight)
    }

    /// Keeps a copy of an anchored node; the copy is charged like any other.
    fn remember(&mut self, anchor: usize, node: &Node, weight: Weight) -> Result<(), String> {
        if anchor > 0 {
            self.charge(weight)?;
            if self.anchors.len() >= ANCHORS_MAX {
                return Err(format!("more than {ANCHORS_MAX} anchors"));
            }
            self.anchors.push(Anchored { id: anchor, node: node.clone(), weight });
        }
        Ok(())
    }

    /// Puts a finished node into the list or map that is open, or makes it a document.
    fn attach(&mut self, node: Node, weight: Weight) -> Result<(), String> {
        let own = match self.frames.last_mut() {
            None => {
                self.documents.push(node);
                return Ok(());
            }
            Some(Frame::List { items, weight, .. }) => {
                items.push(node);
                weight
            }
            Some(Frame::Map { entries, key, weight, .. }) => {
                match key.take() {
                    None => *key = Some(key_text(&node)?),
                    Some(name) if entries.iter().any(|(known, _)| *known == name) => {
                        return Err(format!("key '{name}' appears twice"));
                    }
                    Some(_) if entries.len() >= KEYS_MAX => {
                        return Err(format!("more than {KEYS_MAX} keys in one map"));
                    }
                    Some(name) => entries.push((name, node)),
                }
                weight
            }
        };
        own.nodes += weight.nodes;
        own.bytes += weight.bytes;
        own.depth = own.depth.max(weight.depth);
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<String, String> {
    match node {
        Node::Text(text) if text == "<<" => Err("merge keys are not part of Sigma".to_owned()),
        Node::Null => Ok("null".to_owned()),
        node => node.as_text().map(str::to_owned).ok_or_else(|| "key is not a scalar".to_owned()),
    }
}

/// Types a scalar by the YAML 1.2 core schema; only a plain one can be anything but text.
fn scalar(text: String, style: TScalarStyle, tag: Option<&Tag>) -> Node {
    let forced = tag.is_some_and(|tag| tag.suffix == "str");
    if style != TScalarStyle::Plain || forced {
        return Node::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Bool(true),
        "false" | "False" | "FALSE" => Node::Bool(false),
        digits if super::number::Number::of_rule(digits).is_some() => Node::Number(text),
        _ => Node::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_typed_and_quoted_ones_are_text() {
        let doc = read("a: 1\nb: '1'\nc: 0x1F\nd:\ne: ''\nf: true\ng: \"true\"\nh: 1.5\ni: 1.2.3")
            .unwrap();
        let expected = Node::Map(vec![
            ("a".into(), Node::Number("1".into())),
            ("b".into(), Node::Text("1".into())),
            ("c".into(), Node::Number("0x1F".into())),
            ("d".into(), Node::Null),
            ("e".into(), Node::Text(String::new())),
            ("f".into(), Node::Bool(true)),
            ("g".into(), Node::Text("true".into())),
            ("h".into(), Node::Number("1.5".into())),
            ("i".into(), Node::Text("1.2.3".into())),
        ]);
        assert_eq!(doc, [expected]);
    }

    #[test]
    fn several_documents_and_aliases() {
        let docs = read("a: &x [1, 2]\nb: *x\n---\nc: 3").unwrap();
        assert_eq!(docs.len(), 2);
        assert_eq!(docs[0].get("a"), docs[0].get("b"));
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let refs = vec![format!("*a{}", i - 1); 10].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
        }
        let keys: String = (0..=KEYS_MAX).map(|key| format!("k{key}: 1\n")).collect();
        for text in [bomb, keys, "[".repeat(5000), format!("a: {}", "- ".repeat(5000))] {
            assert!(matches!(read(&text), Err(Reason::Yaml(_))), "{}", &text[..20]);
        }
    }

    #[test]
    fn doubtful_yaml_is_refused() {
        for text in ["a: 1\na: 2", "<<: {a: 1}", "? [a]\n: b", "a: *nobody", "a: [1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
