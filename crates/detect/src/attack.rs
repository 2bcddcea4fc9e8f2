//! What a rule's tags say in the words of MITRE ATT&CK: which step of an attack a hit belongs to.

use crate::sigma::rule::RuleInfo;

/// What stands in front of such tags.
const PREFIX: &str = "attack.";

/// A tactic of ATT&CK's enterprise matrix: what the attacker wants to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tactic {
    /// Gathers what is needed to plan.
    Reconnaissance,
    /// Gets what is needed to support the attack.
    ResourceDevelopment,
    /// Gets in.
    InitialAccess,
    /// Runs code.
    Execution,
    /// Stays.
    Persistence,
    /// Gets more rights.
    PrivilegeEscalation,
    /// Stays unseen: both that follow, before ATT&CK told them apart.
    DefenseEvasion,
    /// Stays unseen by hiding.
    Stealth,
    /// Breaks what would see it.
    DefenseImpairment,
    /// Gets names and passwords.
    CredentialAccess,
    /// Learns about the place.
    Discovery,
    /// Moves on to other machines.
    LateralMovement,
    /// Gathers what it came for.
    Collection,
    /// Talks to what it broke into.
    CommandAndControl,
    /// Carries data away.
    Exfiltration,
    /// Destroys, encrypts, disturbs.
    Impact,
}

impl Tactic {
    /// Every tactic, in the order of the matrix.
    pub const ALL: [Self; 16] = [
        Self::Reconnaissance,
        Self::ResourceDevelopment,
        Self::InitialAccess,
        Self::Execution,
        Self::Persistence,
        Self::PrivilegeEscalation,
        Self::DefenseEvasion,
        Self::Stealth,
        Self::DefenseImpairment,
        Self::CredentialAccess,
        Self::Discovery,
        Self::LateralMovement,
        Self::Collection,
        Self::CommandAndControl,
        Self::Exfiltration,
        Self::Impact,
    ];

    /// Returns the name, as tags write it behind `attack.`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reconnaissance => "reconnaissance",
            Self::ResourceDevelopment => "resource-development",
            Self::InitialAccess => "initial-access",
            Self::Execution => "execution",
            Self::Persistence => "persistence",
            Self::PrivilegeEscalation => "privilege-escalation",
            Self::DefenseEvasion => "defense-evasion",
            Self::Stealth => "stealth",
            Self::DefenseImpairment => "defense-impairment",
            Self::CredentialAccess => "credential-access",
            Self::Discovery => "discovery",
            Self::LateralMovement => "lateral-movement",
            Self::Collection => "collection",
            Self::CommandAndControl => "command-and-control",
            Self::Exfiltration => "exfiltration",
            Self::Impact => "impact",
        }
    }

    /// Returns the tactic of this name; older rules write `_` for `-`.
    fn of(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find(|tactic| tactic.name() == name)
    }
}

impl RuleInfo {
    /// Returns the tactics that its tags name, in the order of the matrix, each once.
    pub fn tactics(&self) -> Vec<Tactic> {
        let mut tactics: Vec<Tactic> = self.said().filter_map(|tag| Tactic::of(&tag)).collect();
        tactics.sort_unstable();
        tactics.dedup();
        tactics
    }

    /// Returns the techniques that its tags name, as `T1059.001`, sorted, each once.
    pub fn techniques(&self) -> Vec<String> {
        let mut techniques: Vec<String> = self.said().filter_map(|tag| technique(&tag)).collect();
        techniques.sort_unstable();
        techniques.dedup();
        techniques
    }

    /// Returns the tags that are of ATT&CK, as the rule writes them.
    pub fn attack_tags(&self) -> impl Iterator<Item = &str> {
        let of_attack = |tag: &&str| {
            tag.get(..PREFIX.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(PREFIX))
        };
        self.tags.iter().map(String::as_str).filter(of_attack)
    }

    /// What stands behind `attack.`, in lower case.
    fn said(&self) -> impl Iterator<Item = String> {
        self.attack_tags().map(|tag| tag[PREFIX.len()..].to_lowercase())
    }
}

/// Reads `t1059` or `t1059.001`.
fn technique(tag: &str) -> Option<String> {
    let number = tag.strip_prefix('t')?;
    let (main, sub) =
        number.split_once('.').map_or((number, None), |(main, sub)| (main, Some(sub)));
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    (digits(main, 4) && sub.is_none_or(|sub| digits(sub, 3))).then(|| format!("T{number}"))
}

#[cfg(test)]
mod tests {
    use crate::load::Rules;

    use super::*;

    #[test]
    fn tags_become_tactics_and_techniques() {
        let rule = "title: T\nid: t\nlogsource: {product: linux}\n\
                    tags: [attack.impact, attack.T1059.001, attack.command_and_control, attack.g0016, \
                    attack.t1003, attack.t1059.001, attack.t10, attack.t1059.x01, cve.2021-1, attack.impact]\n\
                    detection: {s: {a: 1}, condition: s}\n";
        let (rules, refused) = Rules::from_texts([("t.yml", rule)]);
        assert!(refused.is_empty(), "{refused:?}");
        let info = rules.infos().next().unwrap();
        assert_eq!(info.tactics(), [Tactic::CommandAndControl, Tactic::Impact]);
        assert_eq!(info.techniques(), ["T1003", "T1059.001"]);
        let tags: Vec<&str> = info.attack_tags().collect();
        assert_eq!(tags.len(), info.tags.len() - 1);
        assert!(tags.contains(&"attack.T1059.001") && !tags.contains(&"cve.2021-1"));
    }

    #[test]
    fn every_tactic_is_found_by_its_name() {
        for tactic in Tactic::ALL {
            assert_eq!(Tactic::of(tactic.name()), Some(tactic));
        }
        assert!(Tactic::ALL.is_sorted());
    }
}
