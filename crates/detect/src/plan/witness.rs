//! Which few questions must one of them be answered with yes before a rule can hold.
//!
//! An `or` needs the witnesses of all its parts, an `and` those of its best part. Best is what real
//! events rarely hold: long texts, not the words that every machine writes.

use super::AskAt;
use super::question::{Question, Tree};
use crate::sigma::fold::fold;
use crate::sigma::matcher::Test;
use crate::sigma::number::Number;
use crate::sigma::pattern::{Pattern, Place, Token};

/// What healthy machines write all day. A witness that occurs here tells little.
pub(super) const COMMONPLACE: &str = concat!(
    r"c:\windows\system32\svchost.exe -k netsvcs -p -s schedule c:\windows\system32\cmd.exe /c ",
    r"c:\windows\system32\windowspowershell\v1.0\powershell.exe -noprofile -executionpolicy bypass ",
    r"-noninteractive -command -file c:\windows\syswow64\rundll32.exe c:\windows\explorer.exe ",
    r"c:\program files\google\chrome\application\chrome.exe --type=renderer c:\program files (x86)\ ",
    r"microsoft\edge\application\msedge.exe --type=utility c:\windows\system32\wbem\wmiprvse.exe ",
    r"c:\users\public\appdata\local\temp\ c:\users\user\appdata\roaming\microsoft\ .tmp .dll .exe ",
    r"hklm\software\microsoft\windows\currentversion\run hkcu\software\classes\ hku\s-1-5-21- ",
    r"hklm\system\currentcontrolset\services\ microsoft corporation microsoftr windowsr operating ",
    r"system nt authority\system nt authority\network service services.exe lsass.exe winlogon.exe ",
    r"taskhostw.exe conhost.exe 0xffffffff -forcev1 c:\windows\system32\services.exe msiexec.exe /v ",
    r"ntdll.dll kernel32.dll kernelbase.dll \device\harddiskvolume https://www. http://127.0.0.1 ",
    r"regsvr32.exe wscript.exe cscript.exe mshta.exe schtasks.exe reg.exe net.exe net1.exe sc.exe ",
    r"c:\programdata\microsoft\windows defender\ get /index.html http/1.1 mozilla/5.0 200 localhost ",
    r"function param write-host get-item import-module $null new-object foreach-object ",
    r"<# .synopsis .description .parameter .example .notes #> [cmdletbinding()] param( [parameter(",
    r"mandatory = $true, position = 0, valuefrompipeline = $true)] [validatenotnullorempty()] ",
    r"[string] $name, [switch] $force, [int] $count = 0, [bool] $false [byte[]] $bytes ) begin { ",
    r"process { end { if ($psboundparameters.containskey('name')) { } elseif { } else { } foreach ($",
    r"item in $items) { for ($i = 0; $i -lt $list.length; $i++) { while switch -eq -ne -like -match ",
    r"-and -or -not -is return throw try { } catch { } finally { } write-verbose -message write-output ",
    r"write-error write-warning select-object -property where-object { $_.name } sort-object out-null ",
    r"out-string test-path -path join-path get-content set-content convertto-json add-type new-item ",
    r"add-member -membertype noteproperty -itemtype directory $env:temp $script: $global: $args[0] @{ ",
    r"-erroraction silentlycontinue -errorvariable [system.string] [system.object[]] .tostring() ",
    r".gettype() .count .invoke( [intptr] [system.intptr]::zero [system.runtime.interopservices.",
    r"marshal]:: typeof public static class private void using system; dllimport setlasterror ",
    r"this is the and of to a in for is on that with not from will be error file computer user the ",
    r"w.i.n.d.o.w.s. .d.e.v.i.c.e.p.r.o.g.r.a.m.s.y.s.t.e.m.f.i.l.e. aaaaaaaaaaaaaaaaaaaaaaaa ",
);

/// What a question that nothing can foretell costs: the rule is asked for every event.
const HOPELESS: u32 = u32::MAX;
/// The field has to be there, whatever it holds.
const PRESENCE: u32 = 5_000;

/// Something without which a question cannot be answered with yes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sign {
    /// One of some folded texts in the value.
    Texts { texts: Vec<Box<str>>, place: Place, meaning: Meaning },
    /// A whole number.
    Number(i128),
    /// Any value.
    Presence,
}

/// What the occurrence of a sign's text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Yes.
    Answer,
    /// Perhaps.
    Hint,
    /// Perhaps, and its absence says nothing of values that are not plain: the test looks at them
    /// before normal forms are joined.
    PlainHint,
}

/// What a question needs for a yes.
#[derive(Debug)]
pub(super) struct Weighed {
    /// Nothing where no sign can be told.
    pub(super) sign: Option<Sign>,
    /// How often the sign is there for nothing, roughly.
    cost: u32,
}

impl Weighed {
    /// Weighs a test.
    pub(super) fn new(test: &Test) -> Self {
        let sign = sign(test);
        let cost = match &sign {
            None => HOPELESS,
            Some(Sign::Presence) => PRESENCE,
            Some(Sign::Number(_)) => 200,
            Some(Sign::Texts { texts, place, .. }) => {
                texts.iter().map(|text| text_cost(text, *place)).fold(0, u32::saturating_add)
            }
        };
        Self { sign, cost }
    }
}

/// Returns the questions of which one must hold; none if the rule can hold without any.
pub(super) fn witnesses<'q>(
    tree: &Tree<AskAt>,
    question: &impl Fn(AskAt) -> &'q Question,
) -> Option<Vec<AskAt>> {
    let mut asks = Vec::new();
    if cost(tree, true, question) == HOPELESS {
        return None;
    }
    take(tree, true, question, &mut asks);
    Some(asks)
}

/// Returns what the best witnesses of a condition cost together. `wanted`: that it holds, or that it
/// does not.
fn cost<'q>(tree: &Tree<AskAt>, wanted: bool, question: &impl Fn(AskAt) -> &'q Question) -> u32 {
    let part = |term: &Tree<AskAt>| cost(term, wanted, question);
    match (tree, wanted) {
        (Tree::Ask(ask), true) => question(*ask).weighed().cost,
        (Tree::Ask(_), false) => HOPELESS,
        (Tree::Not(inner), wanted) => cost(inner, !wanted, question),
        // "Not all of them" holds where one does not, "not any" where none does.
        (Tree::All(terms), true) | (Tree::Any(terms), false) => {
            terms.iter().map(part).min().unwrap_or(HOPELESS)
        }
        (Tree::Any(terms), true) | (Tree::All(terms), false) => {
            terms.iter().map(part).fold(0, u32::saturating_add)
        }
    }
}

/// Takes the best witnesses of a condition that has some.
fn take<'q>(
    tree: &Tree<AskAt>,
    wanted: bool,
    question: &impl Fn(AskAt) -> &'q Question,
    asks: &mut Vec<AskAt>,
) {
    match (tree, wanted) {
        (Tree::Ask(ask), _) => asks.push(*ask),
        (Tree::Not(inner), wanted) => take(inner, !wanted, question, asks),
        (Tree::All(terms), true) | (Tree::Any(terms), false) => {
            if let Some(best) = terms.iter().min_by_key(|term| cost(term, wanted, question)) {
                take(best, wanted, question, asks);
            }
        }
        (Tree::Any(terms), true) | (Tree::All(terms), false) => {
            terms.iter().for_each(|term| take(term, wanted, question, asks));
        }
    }
}

fn text_cost(text: &str, place: Place) -> u32 {
    let rare = match text.len() {
        0 => return PRESENCE,
        1 => 2_000,
        2 => 800,
        3 => 200,
        4 => 60,
        5 => 30,
        6 => 16,
        7..10 => 8,
        10..16 => 4,
        _ => 2,
    };
    let rare = if place == Place::Anywhere { rare } else { rare / 2 + 1 };
    if COMMONPLACE.contains(text) { rare + 300 } else { rare }
}

/// Returns what must be in a value for the test to hold.
fn sign(test: &Test) -> Option<Sign> {
    match test {
        Test::Text { pattern, cased } => Some(pattern_sign(pattern, *cased)),
        Test::Number { written, number } => Some(match (number, Number::of_event(written)) {
            (Some(Number::Int(number)), Some(Number::Int(_))) => Sign::Number(*number),
            _ => Sign::Presence,
        }),
        Test::Regex(regular) if !regular.needs().is_empty() => Some(Sign::Texts {
            texts: regular.needs().iter().map(|text| text.as_str().into()).collect(),
            place: Place::Anywhere,
            meaning: Meaning::PlainHint,
        }),
        Test::Null | Test::Exists(false) | Test::OneOf(_) => None,
        Test::Regex(_)
        | Test::Exists(true)
        | Test::Cidr(_)
        | Test::Compare(..)
        | Test::Time { .. }
        | Test::Field { .. } => Some(Sign::Presence),
    }
}

fn pattern_sign(pattern: &Pattern, cased: bool) -> Sign {
    let (text, place, whole) = match pattern {
        Pattern::Equals(text) => (text.to_string(), Place::Whole, true),
        Pattern::StartsWith(text) => (text.to_string(), Place::Start, true),
        Pattern::EndsWith(text) => (text.to_string(), Place::End, true),
        Pattern::Contains(needle) => (needle.text.to_string(), Place::Anywhere, true),
        Pattern::Anything => return Sign::Presence,
        Pattern::InOrder(texts) => {
            let longest = texts.texts().max_by_key(|text| text.len()).unwrap_or_default();
            (longest.to_owned(), Place::Anywhere, false)
        }
        Pattern::Glob(tokens) => (longest_run(tokens), Place::Anywhere, false),
    };
    if text.is_empty() && place != Place::Whole {
        return Sign::Presence;
    }
    let (text, meaning) = match (cased, whole) {
        (true, _) => (fold(&text), Meaning::PlainHint),
        (false, true) => (text, Meaning::Answer),
        (false, false) => (text, Meaning::Hint),
    };
    Sign::Texts { texts: vec![text.into()], place, meaning }
}

/// The longest run of plain characters.
fn longest_run(tokens: &[Token]) -> String {
    let runs = tokens.split(|token| !matches!(token, Token::Char(_)));
    let longest = runs.max_by_key(|run| run.len()).unwrap_or_default();
    let plain = longest.iter().filter_map(|token| match token {
        Token::Char(c) => Some(*c),
        Token::Any | Token::One => None,
    });
    plain.collect()
}
