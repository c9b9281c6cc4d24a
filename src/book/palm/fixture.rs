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

/// The records of a database.
pub(in crate::book) fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let count = usize::from(u16::from_be_bytes([bytes[76], bytes[77]]));
    let mut starts: Vec<usize> = (0..count).map(|at| number(78 + at * 8)).collect();
    starts.push(bytes.len());
    starts.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

/// A header record of MOBI6 for a text in so many records, with numbers put in at their places.
pub(in crate::book) fn header(compression: u16, length: usize, records: u16, numbers: &[(usize, u32)]) -> Vec<u8> {
    let mut record = vec![0; 16 + 232];
    let mut put = |at: usize, value: &[u8]| record[at..at + value.len()].copy_from_slice(value);
    put(0, &compression.to_be_bytes());
    put(4, &(length as u32).to_be_bytes());
    put(8, &records.to_be_bytes());
    put(16, b"MOBI");
    for (at, value) in [(20, 232), (24, 2), (28, 65001), (36, 6)] {
        put(at, &u32::to_be_bytes(value));
    }
    for at in [84, 108, 224, 244] {
        put(at, &[0xFF; 4]);
    }
    numbers.iter().for_each(|(at, value)| put(*at, &value.to_be_bytes()));
    record
}
