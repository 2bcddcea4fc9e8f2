//! A sheet: what an office saved from its spreadsheet as CSV, read the way offices really save it.
//!
//! UTF-8 with or without byte order mark; commas, semicolons or tabs; headings in Vietnamese with
//! or without marks, or the English codes; columns in any order and more of them than asked for.
//! A sheet gives either its rows or *every* problem by row and column: whoever corrects a file
//! of 150 lines wants to do it once. What the cells mean is the business of the slices.

use std::collections::{BTreeMap, BTreeSet};

use khien_domain::fold::fold;
use khien_domain::refusal::Refusal;

use crate::fault::refusal_text;
use crate::web::i18n::Arg;
use crate::web::time;
use crate::web::view::View;

/// The most bytes of a file.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most rows of any file: each leaves a line in the journal, and all are one transaction.
pub const ROWS_MAX: usize = 20_000;
/// Characters of a cell that a problem repeats.
const EXCERPT_CHARS: usize = 40;
/// The most words that a problem offers in the place of one that means nothing.
const WORDS_OFFERED_MAX: usize = 20;

/// A column that a reader of sheets knows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its code: a heading too, and the key of its name (`column-<key>`).
    pub key: &'static str,
    /// Headings that mean it, as [`plain`] writes them.
    pub names: &'static [&'static str],
    /// Whether a sheet without it is refused.
    pub required: bool,
}

impl Column {
    /// A column without which the sheet means nothing.
    pub const fn required(key: &'static str, names: &'static [&'static str]) -> Self {
        Self { key, names, required: true }
    }

    /// A column that may be absent.
    pub const fn optional(key: &'static str, names: &'static [&'static str]) -> Self {
        Self { key, names, required: false }
    }

    fn is_headed(&self, heading: &str) -> bool {
        heading == plain(self.key) || self.names.contains(&heading)
    }
}

/// The rows of a sheet that could be read.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The rows below the heading that hold anything.
    pub rows: Vec<Row>,
    /// Headings that mean nothing here; their columns were not looked at.
    pub ignored: Vec<String>,
    /// What is wrong with rows whatever they mean; whoever reads the cells adds to it.
    pub problems: Problems,
}

/// One row: its cells by the key of their column, blank ones left out.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number as the spreadsheet shows it; the heading is row 1.
    pub number: u64,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    /// Returns a cell, trimmed; nothing if it is blank or its column absent.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.cells.get(key).map(String::as_str)
    }
}

/// What is wrong with one cell, one row or the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The row; 1 for the heading and the file itself.
    pub row: u64,
    /// The column, when it is one cell.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a cell is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A rule of the domain said no.
    Rule(Refusal),
    /// The sheet itself is at fault: a code (its text is `sheet-<code>`) and the cell or heading.
    Cell(&'static str, String),
    /// A word that means nothing in its column, and the keys of the words that do.
    Word(String, Vec<String>),
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self::Rule(refusal)
    }
}

impl Reason {
    /// Returns the reason `code` about this text.
    pub fn cell(code: &'static str, text: &str) -> Self {
        Self::Cell(code, excerpt(text))
    }
}

impl Problem {
    /// Returns row, column and sentence in the reader's language.
    pub fn sentence(&self, view: &View) -> String {
        let why = match &self.reason {
            Reason::Rule(refusal) => refusal_text(view, refusal),
            Reason::Cell(code, text) => {
                view.lang.ta(&format!("sheet-{code}"), &[("text", Arg::Text(text))])
            }
            Reason::Word(text, known) => {
                // Some words hold commas.
                let known: Vec<String> = known.iter().map(|key| view.t(key)).collect();
                let known = known.join("; ");
                let args = [("text", Arg::Text(text)), ("known", Arg::Text(&known))];
                view.lang.ta("sheet-unknown-word", &args)
            }
        };
        let (row, why) = (Arg::Number(self.row as i64), Arg::Text(&why));
        match self.column {
            None => view.lang.ta("sheet-at-row", &[("row", row), ("why", why)]),
            Some(key) => {
                let column = view.t(&format!("column-{key}"));
                let args = [("row", row), ("column", Arg::Text(&column)), ("why", why)];
                view.lang.ta("sheet-at-cell", &args)
            }
        }
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// Returns the keys of the values of a table, each once, in its order.
fn offered<T: Copy>(table: &[(&str, T)], key: fn(T) -> String) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for &(_, value) in table {
        let key = key(value);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.truncate(WORDS_OFFERED_MAX);
    keys
}

/// Holds a table to understand every word that is offered for it, in both languages.
#[cfg(test)]
pub(crate) fn understands_what_is_offered<T>(table: &[(&str, T)], key: fn(T) -> String)
where
    T: Copy + PartialEq + std::fmt::Debug,
{
    use crate::web::i18n::Lang;
    assert!(offered(table, key).len() < WORDS_OFFERED_MAX);
    for &(_, value) in table {
        for lang in [Lang::Vi, Lang::En] {
            let word = plain(&lang.t(&key(value)));
            let found = table.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
            assert_eq!(found, Some(value), "{word}");
        }
    }
}

/// Every problem of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Notes what is wrong with one cell.
    pub fn add(&mut self, row: &Row, column: &'static str, reason: impl Into<Reason>) {
        let reason = reason.into();
        self.0.push(Problem { row: row.number, column: Some(column), reason });
    }

    /// Returns the value, or notes why there is none.
    pub fn keep<T, R: Into<Reason>>(
        &mut self,
        row: &Row,
        column: &'static str,
        value: Result<T, R>,
    ) -> Option<T> {
        value.map_err(|reason| self.add(row, column, reason)).ok()
    }

    /// Returns a cell that must not be blank, or notes that it is.
    pub fn need<'a>(&mut self, row: &'a Row, column: &'static str) -> Option<&'a str> {
        let text = row.text(column);
        if text.is_none() {
            self.add(row, column, Reason::cell("blank", ""));
        }
        text
    }

    /// Returns what the words of a cell stand for; nothing, and no problem, when it is blank. `key`
    /// names the text that the console shows for a value, which `table` understands too.
    pub fn word<T: Copy>(
        &mut self,
        row: &Row,
        column: &'static str,
        table: &[(&str, T)],
        key: fn(T) -> String,
    ) -> Option<T> {
        let text = row.text(column)?;
        let plain = plain(text);
        let value = table.iter().find(|(word, _)| *word == plain).map(|(_, value)| *value);
        if value.is_none() {
            self.add(row, column, Reason::Word(excerpt(text), offered(table, key)));
        }
        value
    }

    /// Returns the day in a cell, as the moment at which it begins in Vietnam.
    pub fn day(&mut self, row: &Row, column: &'static str) -> Option<i64> {
        let text = row.text(column)?;
        let at = time::parse(text).map(time::day_start);
        if at.is_none() {
            self.add(row, column, Reason::cell("no-day", text));
        }
        at
    }

    /// Returns `value` when nothing was wrong, else the problems from the first row on.
    ///
    /// # Errors
    /// When there are problems.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort_by_key(|problem| problem.row);
        Err(self)
    }

    fn of_file(code: &'static str, text: &str) -> Self {
        Self(vec![Problem { row: 1, column: None, reason: Reason::cell(code, text) }])
    }
}

/// What importing a sheet would do, or has done.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What is added or changed, in the order of the rows.
    pub changes: Vec<Change>,
    /// Rows that say only what is known already.
    pub same: usize,
    /// Headings that were not looked at.
    pub ignored: Vec<String>,
}

impl Summary {
    /// Returns how many rows add something and change nothing, and how many change something. A row
    /// may do several things: one of a new officer makes an account and a grant.
    pub fn rows(&self) -> (usize, usize) {
        let touched: BTreeSet<u64> = self.changes.iter().map(|change| change.row).collect();
        let changing = self.changes.iter().filter(|change| change.fields.is_some());
        let changed: BTreeSet<u64> = changing.map(|change| change.row).collect();
        (touched.len() - changed.len(), changed.len())
    }
}

/// One thing that a row does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub row: u64,
    /// What it is about, in words of the sheet.
    pub label: String,
    /// The columns that change; none when the row adds something.
    pub fields: Option<Vec<&'static str>>,
}

/// What a sheet asks for: deeds of its slice, and the same for readers.
#[derive(Clone, Debug)]
pub struct Plan<D> {
    /// The deeds, in the order of the rows.
    pub deeds: Vec<D>,
    /// What they amount to.
    pub summary: Summary,
}

impl<D> Plan<D> {
    /// Returns a plan that does nothing yet.
    pub fn new(ignored: Vec<String>) -> Self {
        let summary = Summary { ignored, ..Summary::default() };
        Self { deeds: Vec::new(), summary }
    }

    /// Adds what a row newly brings.
    pub fn add(&mut self, row: u64, label: String, deed: D) {
        self.summary.changes.push(Change { row, label, fields: None });
        self.deeds.push(deed);
    }

    /// Adds what a row changes; a change of nothing is counted as known already.
    pub fn change(&mut self, row: u64, label: String, fields: Vec<&'static str>, deed: D) {
        if fields.is_empty() {
            self.summary.same += 1;
            return;
        }
        self.summary.changes.push(Change { row, label, fields: Some(fields) });
        self.deeds.push(deed);
    }
}

/// Returns text as headings and words are compared: folded, every sign a single space.
pub fn plain(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Returns a telephone number with the leading 0 that spreadsheets take from a column of numbers.
pub fn phone_cell(text: &str) -> String {
    let bare = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if bare && !text.starts_with(['0', '1']) { format!("0{text}") } else { text.to_owned() }
}

/// Reads a sheet of at most `rows_max` rows.
///
/// # Errors
/// When no row can be read: with what is wrong with the file, or every problem of its headings.
pub fn read(bytes: &[u8], columns: &'static [Column], rows_max: usize) -> Result<Sheet, Problems> {
    if bytes.len() > BYTES_MAX {
        return Err(Problems::of_file("too-large", ""));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|_| Problems::of_file("not-utf8", ""))?;
    // The reader counts lines by their last byte, so that CRLF would be told one row short.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(&text))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headings = reader.headers().cloned().unwrap_or_default();
    let (places, ignored) = place_columns(&headings, columns)?;
    let (mut rows, mut problems) = (Vec::new(), Problems::default());
    for record in reader.records() {
        let record = record.map_err(|_| Problems::of_file("not-utf8", ""))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == rows_max {
            return Err(Problems::of_file("too-many-rows", &rows_max.to_string()));
        }
        let number = record.position().map_or(1, csv::Position::line);
        if let Some(cell) = record.iter().skip(headings.len()).find(|cell| !cell.is_empty()) {
            let reason = Reason::cell("cells-beyond", cell);
            problems.0.push(Problem { row: number, column: None, reason });
        }
        rows.push(row(number, &record, &places));
    }
    if rows.is_empty() {
        return Err(Problems::of_file("no-rows", ""));
    }
    Ok(Sheet { rows, ignored, problems })
}

fn row(number: u64, record: &csv::StringRecord, places: &[(usize, &'static str)]) -> Row {
    let filled = |&(place, key): &(usize, &'static str)| {
        let cell = record.get(place).filter(|cell| !cell.is_empty())?;
        Some((key, cell.to_owned()))
    };
    Row { number, cells: places.iter().filter_map(filled).collect() }
}

/// Returns the separator: of the three that spreadsheets write, the one most seen in the heading.
fn separator(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: &u8| heading.bytes().filter(|byte| byte == sign).count();
    // The last of equals wins, so that a heading without any of them is read with commas.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

type Places = (Vec<(usize, &'static str)>, Vec<String>);

/// Finds each known column among the headings.
fn place_columns(
    headings: &csv::StringRecord,
    columns: &'static [Column],
) -> Result<Places, Problems> {
    let (mut places, mut ignored) = (Vec::<(usize, &'static str)>::new(), Vec::new());
    let mut problems = Problems::default();
    let mut at_heading = |column, reason| {
        problems.0.push(Problem { row: 1, column: Some(column), reason });
    };
    for (place, heading) in headings.iter().enumerate() {
        let plain = plain(heading);
        match columns.iter().find(|column| column.is_headed(&plain)) {
            None if plain.is_empty() => {}
            None => ignored.push(heading.to_owned()),
            Some(column) if places.iter().any(|(_, key)| *key == column.key) => {
                at_heading(column.key, Reason::cell("column-twice", heading));
            }
            Some(column) => places.push((place, column.key)),
        }
    }
    for column in columns.iter().filter(|column| column.required) {
        if !places.iter().any(|(_, key)| *key == column.key) {
            at_heading(column.key, Reason::cell("column-missing", ""));
        }
    }
    problems.or((places, ignored))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::required("code", &["ma don vi"]),
        Column::required("name", &["ten don vi"]),
        Column::optional("valid_from", &["tu ngay"]),
    ];

    fn cells(bytes: &[u8]) -> Vec<(u64, Option<String>, Option<String>)> {
        let sheet = read(bytes, COLUMNS, ROWS_MAX).expect("a sheet");
        let own = |row: &Row, key| row.text(key).map(str::to_owned);
        sheet.rows.iter().map(|row| (row.number, own(row, "code"), own(row, "name"))).collect()
    }

    #[test]
    fn every_way_of_saving_gives_the_same_rows() {
        let files = [
            "\u{feff}Mã đơn vị,Tên đơn vị\r\nSNV,Sở Nội vụ\r\n",
            "Mã đơn vị;Tên đơn vị\nSNV;Sở Nội vụ\n",
            "Ten don vi\tMA DON VI\nSở Nội vụ\tSNV",
            "code,name,Ghi chú\n SNV ,\"Sở Nội vụ\",bỏ qua\n,,\n",
            "Mã đơn vị (*),Tên đơn vị,Từ ngày\nSNV,Sở Nội vụ\n",
        ];
        for file in files {
            let expected = vec![(2, Some("SNV".to_owned()), Some("Sở Nội vụ".to_owned()))];
            assert_eq!(cells(file.as_bytes()), expected, "{file:?}");
        }
    }

    #[test]
    fn both_spellings_of_unicode_are_one_heading() {
        use unicode_normalization::UnicodeNormalization as _;
        let decomposed: String = "Mã đơn vị,Tên đơn vị\nA1,B\n".nfd().collect();
        assert_eq!(cells(decomposed.as_bytes()).len(), 1);
    }

    #[test]
    fn unknown_columns_are_named_not_guessed() {
        let sheet = read("code,name,STT\nA1,B,1\n".as_bytes(), COLUMNS, ROWS_MAX).expect("a sheet");
        assert_eq!(sheet.ignored, ["STT"]);
    }

    #[test]
    fn faults_of_the_file_have_their_own_codes() {
        let many = format!("code,name\n{}", "A1,B\n".repeat(ROWS_MAX + 1));
        let large = vec![b'x'; BYTES_MAX + 1];
        let cases: [(&[u8], &str, Option<&str>); 7] = [
            (b"code,name\n\xff\xfe,B\n", "not-utf8", None),
            (b"code\nA1\n", "column-missing", Some("name")),
            (b"code,name,ma don vi\nA1,B,A1\n", "column-twice", Some("code")),
            (b"code,name\n", "no-rows", None),
            (b"", "column-missing", Some("code")),
            (many.as_bytes(), "too-many-rows", None),
            (&large, "too-large", None),
        ];
        for (file, code, column) in cases {
            let problem = read(file, COLUMNS, ROWS_MAX).expect_err(code).0.remove(0);
            assert!(matches!(problem.reason, Reason::Cell(c, _) if c == code), "{problem:?}");
            assert_eq!(problem.column, column);
        }
    }

    #[test]
    fn a_cell_beyond_the_headings_does_not_hide_the_rows() {
        let sheet = read(b"code,name\nA1,B,C\nA2,B\n", COLUMNS, ROWS_MAX).expect("a sheet");
        assert_eq!(sheet.rows.len(), 2);
        let reason = Reason::cell("cells-beyond", "C");
        assert_eq!(sheet.problems.0, [Problem { row: 2, column: None, reason }]);
    }

    #[test]
    fn a_problem_names_row_and_column() {
        let reason = Reason::cell("no-day", "31/02/2026");
        let problem = Problem { row: 7, column: Some("valid_from"), reason };
        assert_eq!(
            problem.sentence(&View::default()),
            "Dòng 7, cột “Từ ngày”: “31/02/2026” không phải là ngày (viết như 01/07/2025)."
        );
    }

    #[test]
    fn a_word_that_means_nothing_is_answered_with_those_that_do() {
        let mut sheet = read("code,name\nA1,sai\n".as_bytes(), COLUMNS, ROWS_MAX).expect("a sheet");
        let (row, table) = (&sheet.rows[0], [("a", true), ("b", true), ("c", false)]);
        let key =
            |subtree: bool| if subtree { "grant-subtree" } else { "grant-unit-only" }.to_owned();
        assert_eq!(sheet.problems.word(row, "name", &table, key), None);
        assert_eq!(
            sheet.problems.0[0].sentence(&View::default()),
            "Dòng 2, cột “Tên”: Không hiểu “sai”. Hãy ghi một trong các giá trị \
             sau: Cả các đơn vị cấp dưới; Chỉ đơn vị này."
        );
    }

    #[test]
    fn spreadsheets_take_the_leading_zero_and_it_is_given_back() {
        assert_eq!(phone_cell("900000001"), "0900000001");
        assert_eq!(phone_cell("0900 000 001"), "0900 000 001");
        assert_eq!(phone_cell("18001091"), "18001091");
    }
}
