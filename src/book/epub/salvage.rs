//! A ZIP without its directory: cut off in a download, or never finished.
//!
//! Every entry also has a header of its own in front of its data. A new directory is made from
//! those and put behind the bytes; nothing is decompressed here.

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const LOCAL_LENGTH: usize = 30;

/// The bytes with a directory added; `None` if there is no entry at all or more than `most`.
pub(super) fn rebuild(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut directory = Vec::new();
    let mut count: u16 = 0;
    let mut at = 0;
    while let Some(entry) = next_entry(bytes, at) {
        directory.extend_from_slice(&entry.record()?);
        count = count.checked_add(1).filter(|count| usize::from(*count) <= most)?;
        at = entry.end;
    }
    if count == 0 {
        return None;
    }
    let start = u32::try_from(bytes.len()).ok()?;
    let size = u32::try_from(directory.len()).ok()?;
    let mut out = Vec::with_capacity(bytes.len() + directory.len() + 22);
    out.extend_from_slice(bytes);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    Some(out)
}

struct Entry<'a> {
    header: usize,
    /// Version, flags, method, time, date: 10 bytes that the directory repeats.
    common: &'a [u8],
    crc: &'a [u8],
    compressed: usize,
    size: u32,
    name: &'a [u8],
    end: usize,
}

/// The next entry whose header is whole; data that runs past the end of the file is cut there.
fn next_entry(bytes: &[u8], mut from: usize) -> Option<Entry<'_>> {
    loop {
        let header = from + find(bytes.get(from..)?, LOCAL)?;
        from = header + 4;
        let Some(fixed) = bytes.get(header..header + LOCAL_LENGTH) else {
            continue;
        };
        let short = |at: usize| usize::from(u16::from_le_bytes([fixed[at], fixed[at + 1]]));
        let long = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let name_at = header + LOCAL_LENGTH;
        let Some(name) = bytes.get(name_at..name_at + short(26)) else {
            continue;
        };
        let data = name_at + short(26) + short(28);
        if data > bytes.len() || name.is_empty() {
            continue;
        }
        // With bit 3 the sizes follow the data, which then ends at the next signature.
        let streamed = short(6) & 8 != 0 && long(18) == 0;
        let declared = if streamed { until_signature(&bytes[data..]) } else { long(18) as usize };
        let compressed = declared.min(bytes.len() - data);
        return Some(Entry {
            header,
            common: &fixed[4..14],
            crc: &fixed[14..18],
            compressed,
            size: if streamed { u32::MAX - 1 } else { long(22) },
            name,
            end: data + compressed,
        });
    }
}

impl Entry<'_> {
    /// The directory record; its sizes replace those of the header.
    fn record(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(46 + self.name.len());
        out.extend_from_slice(b"PK\x01\x02\x14\0");
        out.extend_from_slice(self.common);
        // Bit 3 off: the sizes are known now.
        out[8] &= !8;
        out.extend_from_slice(self.crc);
        out.extend_from_slice(&u32::try_from(self.compressed).ok()?.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&u16::try_from(self.name.len()).ok()?.to_le_bytes());
        // Extra field, comment, disk, internal and external attributes: none.
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(&u32::try_from(self.header).ok()?.to_le_bytes());
        out.extend_from_slice(self.name);
        Some(out)
    }
}

/// The length of data that ends at a data descriptor, an entry or the directory.
fn until_signature(data: &[u8]) -> usize {
    let mut from = 0;
    while let Some(hit) = find(&data[from..], b"PK") {
        let at = from + hit;
        if matches!(data.get(at + 2..at + 4), Some([7, 8] | [3, 4] | [1, 2])) {
            return at;
        }
        from = at + 2;
    }
    data.len()
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|&byte| byte == first)?;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}
