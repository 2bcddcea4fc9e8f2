#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| khien_fuzz::run("auditd", bytes));
