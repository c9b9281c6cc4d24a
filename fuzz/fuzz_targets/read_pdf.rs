#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shutong_fuzz::read_as(shutong_fuzz::book::Format::Pdf, bytes));
