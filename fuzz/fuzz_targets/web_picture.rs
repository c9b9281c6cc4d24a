#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shutong_fuzz::see_picture(bytes));
