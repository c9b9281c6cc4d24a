//! Small databases for tests.

/// A database of these records.
pub(in crate::book) fn database(kind: &[u8; 8], records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 78];
    bytes[..7].copy_from_slice(b"A_title");
    bytes[60..68].copy_from_slice(kind);
    bytes[76..78].copy_from_slice(&(records.len() as u16).to_be_bytes());
    let mut offset = 78 + records.len() * 8 + 2;
    for record in records {
        bytes.extend_from_slice(&(offset as u32).to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        offset += record.len();
    }
    bytes.extend_from_slice(&[0; 2]);
    records.iter().for_each(|record| bytes.extend_from_slice(record));
    bytes
}

/// A list of EXTH records.
pub(in crate::book) fn exth(records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let data: Vec<u8> = records
        .iter()
        .flat_map(|(kind, data)| {
            [&kind.to_be_bytes(), &(data.len() as u32 + 8).to_be_bytes(), data.as_slice()].concat()
        })
        .collect();
    let mut list = b"EXTH".to_vec();
    list.extend_from_slice(&(data.len() as u32 + 12).to_be_bytes());
    list.extend_from_slice(&(records.len() as u32).to_be_bytes());
    list.extend_from_slice(&data);
    list
}

/// A header record: the text is not packed, pointers lead nowhere until they are set.
pub(in crate::book) struct Header {
    pub(in crate::book) bytes: Vec<u8>,
}

impl Header {
    const LENGTH: usize = 264;

    pub(in crate::book) fn new(version: u32, text: usize, records: u16) -> Header {
        let mut header = Header { bytes: vec![0; 16 + Header::LENGTH] };
        header.bytes[1] = 1;
        header.bytes[8..10].copy_from_slice(&records.to_be_bytes());
        header.bytes[16..20].copy_from_slice(b"MOBI");
        header.set(4, text as u32);
        header.set(20, Header::LENGTH as u32);
        header.set(28, 65001);
        header.set(36, version);
        for at in [108, 192, 244, 248, 252, 260] {
            header.set(at, u32::MAX);
        }
        header
    }

    pub(in crate::book) fn set(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// The record with EXTH and the title behind it.
    pub(in crate::book) fn finish(mut self, title: &str, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let list = exth(records);
        self.set(84, (self.bytes.len() + list.len()) as u32);
        self.set(88, title.len() as u32);
        [self.bytes, list, title.as_bytes().to_vec()].concat()
    }
}

/// An index with its records: rows of TAGX, then label, control byte and numbers of each entry, then
/// strings, each at the address where it starts.
pub(in crate::book) fn index(rows: &[[u8; 4]], entries: &[(&[u8], u8, &[u32])], strings: &[&str]) -> Vec<Vec<u8>> {
    let mut main = vec![0; 192];
    main[..4].copy_from_slice(b"INDX");
    main[7] = 192;
    main[27] = 1;
    main[55] = u8::from(!strings.is_empty());
    main.extend_from_slice(b"TAGX");
    main.extend_from_slice(&(12 + rows.len() as u32 * 4 + 4).to_be_bytes());
    main.extend_from_slice(&1u32.to_be_bytes());
    main.extend(rows.iter().flatten());
    main.extend_from_slice(&[0, 0, 0, 1]);
    let mut data = vec![0; 192];
    data[..4].copy_from_slice(b"INDX");
    data[27] = entries.len() as u8;
    let mut offsets = Vec::new();
    for (label, control, values) in entries {
        offsets.extend_from_slice(&(data.len() as u16).to_be_bytes());
        data.push(label.len() as u8);
        data.extend_from_slice(label);
        data.push(*control);
        values.iter().for_each(|&value| data.extend(varint(value)));
    }
    let list = data.len() as u32;
    data[20..24].copy_from_slice(&list.to_be_bytes());
    data.extend_from_slice(b"IDXT");
    data.extend(offsets);
    let text = |string: &&str| [varint(string.len() as u32), string.as_bytes().to_vec()].concat();
    let strings: Vec<u8> = strings.iter().flat_map(text).collect();
    let mut records = vec![main, data];
    records.extend((!strings.is_empty()).then_some(strings));
    records
}

fn varint(value: u32) -> Vec<u8> {
    let mut bytes = vec![value as u8 & 0x7F | 0x80];
    let mut rest = value >> 7;
    while rest > 0 {
        bytes.insert(0, rest as u8 & 0x7F);
        rest >>= 7;
    }
    bytes
}
