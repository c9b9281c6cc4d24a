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
