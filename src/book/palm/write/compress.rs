//! The LZ77 of PalmDOC, one block of at most 4096 bytes at a time.
//!
//! A byte stands for itself, for a run of bytes that may not (1–8, 0x80 and above), for a blank
//! and a letter, or begins a copy of 3 to 10 bytes from the 2047 before. The longest copies are
//! found by chains of places with the same three bytes; then the cheapest way through the block is
//! chosen from its end to its start. Chinese text is all bytes above 0x80, where this gains most.

/// The bytes that a text record holds.
pub(super) const BLOCK: usize = 4096;
const WINDOW: usize = 2047;
const SHORTEST: usize = 3;
const LONGEST: usize = 10;
/// Room behind the block, so that eight bytes can be read anywhere.
const SLACK: usize = 16;
const HASHES: usize = 1 << 12;
const HASH_SHIFT: u32 = 20;
/// Candidates looked at for each place: 24 would make text half a percent shorter and a third slower.
const PATIENCE: usize = 8;
const NONE: u16 = u16::MAX;

/// Scratch space, kept from block to block.
pub(in crate::book) struct Compressor {
    block: Box<[u8; BLOCK + SLACK]>,
    head: Box<[u16; HASHES]>,
    previous: Box<[u16; BLOCK]>,
    /// The longest copy at each place: length and distance.
    copies: Box<[(u8, u16); BLOCK]>,
    /// What the rest of the block costs from each place on, in eighths of a byte.
    costs: Box<[u16; BLOCK + LONGEST + 1]>,
    /// How many bytes the cheapest step at each place covers.
    steps: Box<[u8; BLOCK]>,
}

impl Default for Compressor {
    fn default() -> Compressor {
        Compressor {
            block: Box::new([0; BLOCK + SLACK]),
            head: Box::new([NONE; HASHES]),
            previous: Box::new([NONE; BLOCK]),
            copies: Box::new([(0, 0); BLOCK]),
            costs: Box::new([0; BLOCK + LONGEST + 1]),
            steps: Box::new([1; BLOCK]),
        }
    }
}

impl Compressor {
    /// Appends the compressed form of a block; what is longer than 4096 bytes is left out.
    pub(in crate::book) fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let length = bytes.len().min(BLOCK);
        self.block.fill(0);
        for (to, from) in self.block.iter_mut().zip(bytes.iter().take(length)) {
            *to = *from;
        }
        self.find_copies(length);
        self.choose_steps(length);
        self.emit(length, out);
    }

    fn find_copies(&mut self, length: usize) {
        self.head.fill(NONE);
        let block = &*self.block;
        for at in 0..length.min(BLOCK) {
            let mut best = (0, 0);
            let left = length - at;
            if left >= SHORTEST {
                let here = eight(block, at);
                let hash = ((here as u32) << 8).wrapping_mul(0x9E37_79B1) as usize >> HASH_SHIFT;
                let head = &mut self.head[hash % HASHES];
                let mut candidate = *head;
                self.previous[at] = candidate;
                *head = at as u16;
                for _ in 0..PATIENCE {
                    let from = usize::from(candidate);
                    // No place is this far behind, so that `NONE` ends the search, too.
                    if from >= at || at - from > WINDOW {
                        break;
                    }
                    let common = common(block, here, from, at);
                    if common > best.0 {
                        best = (common, at - from);
                        if common >= LONGEST {
                            break;
                        }
                    }
                    candidate = self.previous[from];
                }
                best.0 = best.0.min(left);
            }
            self.copies[at] = if best.0 >= SHORTEST { (best.0 as u8, best.1 as u16) } else { (0, 0) };
        }
    }

    fn choose_steps(&mut self, length: usize) {
        const COPY: u16 = 2 * 8;
        let length = length.min(BLOCK);
        self.costs[length] = 0;
        for at in (0..length).rev() {
            let byte = self.block[at];
            // A run of eight costs nine bytes.
            let literal = if is_plain(byte) { 8 } else { 9 };
            let (mut cost, mut step) = (literal + self.costs[at + 1], 1);
            if byte == b' ' && at + 1 < length && matches!(self.block[at + 1], 0x40..=0x7F) {
                let pair = 8 + self.costs[at + 2];
                if pair <= cost {
                    (cost, step) = (pair, 2);
                }
            }
            let longest = usize::from(self.copies[at].0);
            if longest >= SHORTEST {
                // The cheapest end, of equal ones the furthest, without a branch for each.
                let ends = (SHORTEST..=longest).map(|end| (u32::from(self.costs[at + end]) << 4) | (16 - end as u32));
                let best = ends.min().unwrap_or(u32::MAX);
                let copy = (best >> 4) as u16 + COPY;
                if copy < cost {
                    (cost, step) = (copy, 16 - (best & 15) as u8);
                }
            }
            self.costs[at] = cost;
            self.steps[at] = step;
        }
    }

    fn emit(&self, length: usize, out: &mut Vec<u8>) {
        let mut at = 0;
        while at < length {
            let step = usize::from(self.steps[at]);
            if step >= SHORTEST {
                let distance = self.copies[at].1;
                let code = 0x8000 | (distance << 3) | (step - SHORTEST) as u16;
                out.extend_from_slice(&code.to_be_bytes());
                at += step;
            } else if step == 2 {
                out.push(self.block[at + 1] ^ 0x80);
                at += 2;
            } else if is_plain(self.block[at]) {
                out.push(self.block[at]);
                at += 1;
            } else {
                let run = (at..length.min(at + 8))
                    .take_while(|&next| self.steps[next] == 1 && !is_plain(self.block[next]))
                    .count();
                out.push(run as u8);
                out.extend_from_slice(self.block.get(at..at + run).unwrap_or_default());
                at += run;
            }
        }
    }
}

/// The eight bytes at a place.
fn eight(block: &[u8; BLOCK + SLACK], at: usize) -> u64 {
    block.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// How many bytes are equal at two places, at most ten; `here` is the eight at the second.
fn common(block: &[u8; BLOCK + SLACK], here: u64, from: usize, at: usize) -> usize {
    let differs = here ^ eight(block, from);
    if differs != 0 {
        return differs.trailing_zeros() as usize / 8;
    }
    let differs = eight(block, from + 2) ^ eight(block, at + 2);
    LONGEST.min(2 + differs.trailing_zeros() as usize / 8)
}

/// Whether a byte stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0 | 0x09..=0x7F)
}

#[cfg(test)]
pub(in crate::book) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The decoder of the MobileRead wiki.
    pub(in crate::book) fn decompress(input: &[u8]) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut bytes = input.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                1..=8 => out.extend(bytes.by_ref().take(usize::from(byte))),
                0..=0x7F => out.push(byte),
                0xC0.. => out.extend([b' ', byte ^ 0x80]),
                _ => {
                    let code = usize::from(byte) << 8 | usize::from(bytes.next().expect("two bytes"));
                    let (distance, length) = (code >> 3 & 0x7FF, (code & 7) + 3);
                    for _ in 0..length {
                        out.push(out[out.len() - distance]);
                    }
                }
            }
        }
        out
    }

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Compressor::default().compress(bytes, &mut out);
        out
    }

    #[test]
    fn text_becomes_shorter_and_comes_back() {
        let english = "It was the best of times, it was the worst of times, ".repeat(70);
        let chinese = "这是最好的时代，这是最坏的时代；这是智慧的年代。".repeat(50);
        for text in [&english.as_bytes()[..3000], &chinese.as_bytes()[..3000]] {
            let packed = compressed(text);
            assert!(packed.len() < text.len() / 3, "{}", packed.len());
            assert_eq!(decompress(&packed), text);
        }
        assert_eq!(compressed(b""), b"");
        assert_eq!(compressed(b"a b"), [b'a', b'b' ^ 0x80]);
        assert_eq!(compressed(b"\x01\x02"), [2, 1, 2]);
        assert_eq!(decompress(&compressed(&[0; BLOCK])), [0; BLOCK]);
    }

    proptest! {
        #[test]
        fn any_block_comes_back(bytes in prop::collection::vec(prop::sample::select(b"\x00\x01\x08\x09 abA\x7F\x80\xE4\xBD\xFF".to_vec()), 0..=BLOCK)) {
            prop_assert_eq!(decompress(&compressed(&bytes)), bytes);
        }

        #[test]
        fn scratch_space_carries_nothing_over(first in ".{0,300}", second in ".{0,300}") {
            let mut compressor = Compressor::default();
            compressor.compress(first.as_bytes(), &mut Vec::new());
            let mut out = Vec::new();
            compressor.compress(second.as_bytes(), &mut out);
            prop_assert_eq!(out, compressed(second.as_bytes()));
        }
    }
}
