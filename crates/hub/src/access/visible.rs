//! The visibility rule as compile-time SQL, for the person bound as `$1`.
//!
//! The same rule stands as a pure function in [`khien_domain::visible`]; an oracle test holds the
//! two against each other on random worlds. Every list, count, search, stream and export asks one
//! of these fragments; there is no second wording.
//!
//! Each macro takes column expressions and expands to a string literal, so that statements stay
//! constants: `concat!("SELECT … WHERE ", matter_depth!("m"), " > 0")`.

use khien_store::statements;

/// `covered!("s.unit", "")`: the grants of the person that cover a unit, as `FROM … WHERE …`, with
/// more tables joined in front (`"party p, "`) so that conditions on them may follow with `AND`.
macro_rules! covered {
    ($unit:literal, $more:literal) => {
        concat!(
            " FROM ",
            $more,
            "access_grant g JOIN unit_scope us ON us.ancestor = g.unit ",
            "WHERE g.person = $1 AND g.state = 'active' AND g.ceiling > 0 ",
            "AND g.role NOT IN ('administrator', 'auditor') ",
            "AND (g.subtree OR us.own) AND us.descendant = ",
            $unit
        )
    };
}

/// `unit_depth!("a.unit")`: how deep the person reads what a unit owns outside any matter.
macro_rules! unit_depth {
    ($unit:literal) => {
        concat!(
            "(SELECT COALESCE(MAX(g.ceiling), 0)",
            $crate::access::visible::covered!($unit, ""),
            ")"
        )
    };
}

/// `admitted!("m")`: a strict matter is read by the persons whom it names, and nobody else.
macro_rules! admitted {
    ($m:literal) => {
        concat!(
            "(NOT ",
            $m,
            ".strict OR EXISTS (SELECT 1 FROM named n WHERE n.matter = ",
            $m,
            ".id AND n.person = $1))"
        )
    };
}

/// `party_depth!("m", "AND p.role = 'lead'")`: the deepest reading that the matter's parties, or
/// some of them, give the person; no deeper than each grant's ceiling.
macro_rules! party_depth {
    ($m:literal, $which:literal) => {
        concat!(
            "(SELECT COALESCE(MAX(CASE WHEN p.depth < g.ceiling THEN p.depth ELSE g.ceiling END), 0)",
            $crate::access::visible::covered!("p.unit", "party p, "),
            " AND p.matter = ",
            $m,
            ".id ",
            $which,
            ")"
        )
    };
}

/// `matter_depth!("m")`: how deep the person reads a matter, 0 (not at all) to 3 (evidence).
macro_rules! matter_depth {
    ($m:literal) => {
        concat!(
            "(CASE WHEN ",
            $crate::access::visible::admitted!($m),
            " THEN ",
            $crate::access::visible::party_depth!($m, ""),
            " ELSE 0 END)"
        )
    };
}

/// `task_depth!("t", "t.unit", "m")`: how deep the person reads a task of the matter `m`: as its
/// own unit, as the lead, or as a party named on that task.
macro_rules! task_depth {
    ($t:literal, $unit:literal, $m:literal) => {
        concat!(
            "(CASE WHEN ",
            $crate::access::visible::admitted!($m),
            " THEN (SELECT MAX(v.depth) FROM (SELECT ",
            $crate::access::visible::unit_depth!($unit),
            " AS depth UNION ALL SELECT (SELECT COALESCE(MAX(CASE WHEN p.depth < g.ceiling ",
            "THEN p.depth ELSE g.ceiling END), 0)",
            $crate::access::visible::covered!("p.unit", "party p, "),
            " AND p.matter = ",
            $m,
            ".id AND (p.role = 'lead' OR EXISTS (SELECT 1 FROM task_party tp WHERE tp.task = ",
            $t,
            ".id AND tp.unit = p.unit)))) v) ELSE 0 END)"
        )
    };
}

/// `signal_depth!("s.unit", "m")`: how deep the person reads a signal whose matter, if any, is
/// joined as `m` (`LEFT JOIN matter m ON m.id = s.matter`): as its unit, or as the matter's lead.
macro_rules! signal_depth {
    ($unit:literal, $m:literal) => {
        concat!(
            "(CASE WHEN ",
            $m,
            ".id IS NULL THEN ",
            $crate::access::visible::unit_depth!($unit),
            " WHEN ",
            $crate::access::visible::admitted!($m),
            " THEN (SELECT MAX(v.depth) FROM (SELECT ",
            $crate::access::visible::unit_depth!($unit),
            " AS depth UNION ALL SELECT ",
            $crate::access::visible::party_depth!($m, "AND p.role = 'lead'"),
            ") v) ELSE 0 END)"
        )
    };
}

pub(crate) use {
    admitted, covered, matter_depth, party_depth, signal_depth, task_depth, unit_depth,
};

statements! {
    OF_MATTERS = concat!("SELECT m.id, ", matter_depth!("m"), " AS depth FROM matter m"),
    OF_TASKS = concat!("SELECT t.id, ", task_depth!("t", "t.unit", "m"),
                       " AS depth FROM task t JOIN matter m ON m.id = t.matter"),
    OF_SIGNALS = concat!("SELECT s.id, ", signal_depth!("s.unit", "m"),
                         " AS depth FROM signal s LEFT JOIN matter m ON m.id = s.matter"),
    OF_UNITS = concat!("SELECT u.id, ", unit_depth!("u.id"), " AS depth FROM unit u"),
}

/// The rule by itself: for matters, tasks, signals and units, the statement that tells of every
/// row how deep the person `$1` reads it. The oracle test asks these beside the slices' own.
pub const BARE: [&str; 4] = [OF_MATTERS, OF_TASKS, OF_SIGNALS, OF_UNITS];
