#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shutong_fuzz::bound_picture(bytes));
