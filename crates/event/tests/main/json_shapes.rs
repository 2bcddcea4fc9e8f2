//! One event as each collector tells it in JSON: rules see the same fields.

use khien_event::{Batch, Context, Event, Format, Value, parse};

/// 1 September 2026, 02:03:04.5 UTC.
const AT_US: i64 = 1_788_228_184_500_000;

/// A program that starts, told by Sysmon.
const STARTED: &[(&str, &str)] = &[
    ("Channel", "Microsoft-Windows-Sysmon/Operational"),
    ("Provider_Name", "Microsoft-Windows-Sysmon"),
    ("EventID", "1"),
    ("EventRecordID", "4711"),
    ("Computer", "pc-07.tinh.example"),
    ("UtcTime", "2026-09-01 02:03:04.500"),
    ("Image", r"C:\Program Files\x\tool.exe"),
    ("CommandLine", r#""C:\Program Files\x\tool.exe" \\fs\share /q"#),
    ("User", r"TINH\an"),
    ("Hashes", "SHA1=00,MD5=11"),
];

const WINLOGBEAT_6: &str = r#"{"@timestamp":"2026-09-01T02:03:04.500Z","@metadata":{"beat":"winlogbeat",
    "type":"doc","version":"6.8.0"},"beat":{"hostname":"wec","name":"wec","version":"6.8.0"},
    "computer_name":"pc-07.tinh.example","event_data":{"UtcTime":"2026-09-01 02:03:04.500",
    "Image":"C:\\Program Files\\x\\tool.exe","User":"TINH\\an","Hashes":"SHA1=00,MD5=11",
    "CommandLine":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q"},"event_id":1,
    "host":{"name":"wec"},"level":"Information","log_name":"Microsoft-Windows-Sysmon/Operational",
    "message":"Process Create","opcode":"Info","process_id":1200,
    "provider_guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","record_number":"4711",
    "source_name":"Microsoft-Windows-Sysmon","task":"Process Create (rule: ProcessCreate)",
    "thread_id":2000,"type":"wineventlog","user":{"domain":"NT AUTHORITY","identifier":"S-1-5-18",
    "name":"SYSTEM","type":"User"},"version":5}"#;

const WINLOGBEAT_8: &str = r#"{"@timestamp":"2026-09-01T02:03:04.500Z","event":{"code":"1",
    "kind":"event","provider":"Microsoft-Windows-Sysmon"},"host":{"name":"wec"},"winlog":{
    "channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"pc-07.tinh.example",
    "event_data":{"UtcTime":"2026-09-01 02:03:04.500","Image":"C:\\Program Files\\x\\tool.exe",
    "CommandLine":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q","User":"TINH\\an",
    "Hashes":"SHA1=00,MD5=11"},"event_id":"1","provider_name":"Microsoft-Windows-Sysmon",
    "record_id":4711}}"#;

/// Wazuh escapes what its agent has escaped already, and its index tells when the alert was raised.
const WAZUH: &str = r#"{"@timestamp":"2026-09-01T02:03:06.000Z",
    "timestamp":"2026-09-01T09:03:06.000+0700","rule":{"level":3,
    "description":"Sysmon - Event 1","id":"61603","groups":["windows","sysmon"]},"agent":{"id":"007",
    "name":"pc-07","ip":"192.0.2.7"},"manager":{"name":"wazuh"},"id":"1788228186.1","decoder":{
    "name":"windows_eventchannel"},"data":{"win":{"system":{"providerName":"Microsoft-Windows-Sysmon",
    "providerGuid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}","eventID":"1","version":"5","level":"4",
    "task":"1","opcode":"0","keywords":"0x8000000000000000","systemTime":"2026-09-01T02:03:04.5000000Z",
    "eventRecordID":"4711","processID":"1200","threadID":"2000",
    "channel":"Microsoft-Windows-Sysmon/Operational","computer":"pc-07.tinh.example",
    "severityValue":"INFORMATION","message":"\"Process Create:\r\nImage: C:\\x\""},"eventdata":{
    "utcTime":"2026-09-01 02:03:04.500","image":"C:\\\\Program Files\\\\x\\\\tool.exe",
    "commandLine":"\\\"C:\\\\Program Files\\\\x\\\\tool.exe\\\" \\\\\\\\fs\\\\share /q",
    "user":"TINH\\\\an","hashes":"SHA1=00,MD5=11"}}},"location":"EventChannel"}"#;

const VELOCIRAPTOR: &str = r#"{"System":{"Provider":{"Name":"Microsoft-Windows-Sysmon",
    "Guid":"5770385F-C22A-43E0-BF4C-06F5698FFBD9"},"EventID":{"Value":1},"Version":5,"Level":4,
    "Task":1,"Opcode":0,"Keywords":9223372036854775808,"TimeCreated":{"SystemTime":1788228184.5},
    "EventRecordID":4711,"Correlation":{},"Execution":{"ProcessID":1200,"ThreadID":2000},
    "Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-07.tinh.example",
    "Security":{"UserID":"S-1-5-18"}},"EventData":{"UtcTime":"2026-09-01 02:03:04.500",
    "Image":"C:\\Program Files\\x\\tool.exe",
    "CommandLine":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q","User":"TINH\\an",
    "Hashes":"SHA1=00,MD5=11"},"Message":"Process Create"}"#;

/// The rows of Velociraptor's artifact for event logs.
const VELOCIRAPTOR_ROW: &str = r#"{"EventTime":"2026-09-01T02:03:04.5Z",
    "Computer":"pc-07.tinh.example","Channel":"Microsoft-Windows-Sysmon/Operational",
    "Provider":"Microsoft-Windows-Sysmon","ProviderName":"Microsoft-Windows-Sysmon","EventID":1,
    "EventRecordID":4711,"UserSID":"S-1-5-18","EventData":{"UtcTime":"2026-09-01 02:03:04.500",
    "Image":"C:\\Program Files\\x\\tool.exe",
    "CommandLine":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q","User":"TINH\\an",
    "Hashes":"SHA1=00,MD5=11"},"Message":"Process Create"}"#;

/// XML by the letter: attributes are marked, data are a list.
const MARKED: &str = r##"{"Event":{"@xmlns":"http://schemas.microsoft.com/win/2004/08/events/event",
    "System":{"Provider":{"@Name":"Microsoft-Windows-Sysmon",
    "@Guid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"},"EventID":{"@Qualifiers":"0","#text":"1"},
    "TimeCreated":{"@SystemTime":"2026-09-01T02:03:04.5000000Z"},"EventRecordID":"4711",
    "Correlation":null,"Execution":{"@ProcessID":"1200","@ThreadID":"2000"},
    "Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-07.tinh.example",
    "Security":{"@UserID":"S-1-5-18"}},"EventData":{"Data":[
    {"@Name":"UtcTime","#text":"2026-09-01 02:03:04.500"},
    {"@Name":"Image","#text":"C:\\Program Files\\x\\tool.exe"},
    {"@Name":"CommandLine","#text":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q"},
    {"@Name":"User","#text":"TINH\\an"},{"@Name":"Hashes","#text":"SHA1=00,MD5=11"}]}}}"##;

/// `evtx_dump`'s way with attributes, for data as well.
const ATTRIBUTES: &str = r##"{"Event":{"System":{"Provider":{"#attributes":{
    "Name":"Microsoft-Windows-Sysmon","Guid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"}},"EventID":1,
    "TimeCreated":{"#attributes":{"SystemTime":"2026-09-01T02:03:04.5000000Z"}},"EventRecordID":4711,
    "Execution":{"#attributes":{"ProcessID":1200,"ThreadID":2000}},
    "Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-07.tinh.example",
    "Security":{"#attributes":{"UserID":"S-1-5-18"}}},"EventData":{"Data":[
    {"#attributes":{"Name":"UtcTime"},"#text":"2026-09-01 02:03:04.500"},
    {"#attributes":{"Name":"Image"},"#text":"C:\\Program Files\\x\\tool.exe"},
    {"#attributes":{"Name":"CommandLine"},
    "#text":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q"},
    {"#attributes":{"Name":"User"},"#text":"TINH\\an"},
    {"#attributes":{"Name":"Hashes"},"#text":"SHA1=00,MD5=11"}]}}}"##;

/// `evtx_dump --separate-json-attributes`.
const SEPARATE: &str = r#"{"Event":{"System":{"Provider_attributes":{
    "Name":"Microsoft-Windows-Sysmon","Guid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"},"EventID":1,
    "TimeCreated_attributes":{"SystemTime":"2026-09-01T02:03:04.5000000Z"},"EventRecordID":4711,
    "Execution_attributes":{"ProcessID":1200,"ThreadID":2000},
    "Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-07.tinh.example",
    "Security_attributes":{"UserID":"S-1-5-18"}},"EventData":{"UtcTime":"2026-09-01 02:03:04.500",
    "Image":"C:\\Program Files\\x\\tool.exe",
    "CommandLine":"\"C:\\Program Files\\x\\tool.exe\" \\\\fs\\share /q","User":"TINH\\an",
    "Hashes":"SHA1=00,MD5=11"}}}"#;

fn hit(source: &str) -> String {
    format!(
        r#"{{"_index":"logs-2026.09.01","_type":"_doc","_id":"x1","_score":1.5,"_source":{source},
        "sort":[1788228184500]}}"#
    )
}

/// Reads the texts into one batch, one after the other: what one teaches is tried on the next.
fn read(texts: &[String]) -> Batch {
    let mut batch = Batch::new();
    for text in texts {
        let problems = parse(Format::Json, text.as_bytes(), &Context::received(0), &mut batch);
        assert_eq!(problems, [], "{text}");
    }
    assert_eq!(batch.len(), texts.len());
    batch
}

fn texts<'b>(event: Event<'b>, field: &str) -> Vec<&'b str> {
    event.values(field).map(|value| value.as_text().unwrap()).collect()
}

#[test]
fn every_collectors_event_has_the_same_fields() {
    let paths = [WINLOGBEAT_6, WINLOGBEAT_8, WAZUH, VELOCIRAPTOR_ROW];
    let (_, from_win) = WAZUH.split_once(r#""data":"#).unwrap();
    let (agents_own, _) = from_win.split_once(r#","location""#).unwrap();
    let records = [VELOCIRAPTOR, MARKED, ATTRIBUTES, SEPARATE, agents_own];
    let mut told: Vec<String> = paths.iter().chain(&records).map(|&text| text.to_owned()).collect();
    told.extend(paths.map(hit));
    told.extend(paths.map(str::to_owned));
    let batch = read(&told);
    for (event, text) in batch.iter().zip(&told) {
        for (field, value) in STARTED {
            assert_eq!(texts(event, field), [*value], "{field} of {text}");
        }
        assert_eq!(event.t_event(), Some(AT_US), "{text}");
    }
}

#[test]
fn the_systems_attributes_have_one_name() {
    let records = [VELOCIRAPTOR, MARKED, ATTRIBUTES, SEPARATE].map(str::to_owned);
    for event in read(&records).iter() {
        for (field, value) in [
            ("Execution_ProcessID", "1200"),
            ("Execution_ThreadID", "2000"),
            ("Security_UserID", "S-1-5-18"),
        ] {
            assert_eq!(texts(event, field), [value]);
        }
        assert_eq!(texts(event, "TimeCreated").len(), 1);
        let odd = |name: &str| name.contains(['@', '#', '.']) || name.contains("xmlns");
        assert_eq!(event.fields().find(|(name, _)| odd(name)), None);
    }
    let batch = read(&[WAZUH.to_owned()]);
    assert_eq!(texts(batch.event(0), "Execution_ThreadID"), ["2000"]);
    assert_eq!(texts(batch.event(0), "rule.id"), ["61603"]);
}

#[test]
fn data_without_names_or_texts_stay_what_they_are() {
    let text = r##"{"Event":{"System":{"EventID":400},"EventData":{"Data":["a",
        {"#text":"b"},{"@Name":"param1","#text":"c"},{"@Name":"Threat Name"},
        {"@Name":"Path","#text":null},{}],"Binary":null},"UserData":{"@xmlns":"x",
        "LogFileCleared":{"@xmlns":"y","SubjectUserName":"an"}}}}"##;
    let batch = read(&[text.to_owned()]);
    let fields: Vec<_> = batch.event(0).fields().collect();
    let expected = [
        ("EventID", Value::Number("400")),
        ("Data", Value::Text("a")),
        ("Data", Value::Text("b")),
        ("param1", Value::Text("c")),
        ("ThreatName", Value::Text("")),
        ("Path", Value::Text("")),
        ("Binary", Value::Null),
        ("SubjectUserName", Value::Text("an")),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_hit_of_another_source_is_that_sources_event() {
    let eve = r#"{"timestamp":"2026-09-01T02:03:04.500000+0000","flow_id":1,"event_type":"dns",
        "src_ip":"192.0.2.7","dns":{"type":"query","rrname":"bad.example"}}"#;
    let flat = r#"{"EventID":1116,"Channel":"Microsoft-Windows-Windows Defender/Operational",
        "Threat Name":"Trojan","process":{"hash":{"md5":"aa"}},"_source":{"x":1}}"#;
    let batch = read(&[hit(eve), hit(flat)]);
    assert_eq!(batch.event(0).format(), Format::Eve);
    assert_eq!(texts(batch.event(0), "query"), ["bad.example"]);
    assert_eq!(batch.event(0).t_event(), Some(AT_US));
    assert_eq!(texts(batch.event(1), "ThreatName"), ["Trojan"]);
    assert_eq!(texts(batch.event(1), "Hashes"), ["MD5=AA"]);
    assert_eq!(texts(batch.event(1), "_source._source.x"), ["1"], "a hit in a hit is data");
}

#[test]
fn a_record_whose_system_tells_no_time_keeps_the_collectors() {
    let record = r#"{"@timestamp":"2026-09-01T02:03:04.500Z","@xmlns":"http://x",
        "System":{"Channel":"Application"},"EventData":{"A":"b"}}"#;
    let batch = read(&[record.replace('\n', "")]);
    let event = batch.event(0);
    assert_eq!(event.t_event(), Some(AT_US));
    assert_eq!((texts(event, "A"), texts(event, "@xmlns")), (vec!["b"], vec![]));
}
