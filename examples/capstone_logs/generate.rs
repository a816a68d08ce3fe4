//! Writes a sample of any size, the same lines for the same seed.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

/// Writes a week of log lines to standard output, the same for the same seed.
pub(crate) fn generate(words: &[OsString]) -> Result<bool, Box<dyn Error>> {
    let number = |word: &OsString| word.to_str()?.parse::<u64>().ok();
    let numbers: Vec<Option<u64>> = words.iter().map(number).collect();
    let &[Some(lines), Some(mut seed)] = numbers.as_slice() else {
        return Err("generate takes the number of lines and a seed".into());
    };
    let mut random = |below: u64| {
        // The generator SplitMix64 (Steele, Lea and Flood, 2014).
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    };
    let mut output = BufWriter::new(io::stdout().lock());
    for line in 0..lines {
        let second = line * 604_800 / lines;
        let (day, hour) = (5 + second / 86_400, second / 3600 % 24);
        let (minute, second) = (second / 60 % 60, second % 60);
        let (host, size) = (random(256), random(20_000));
        let book = random(40) * random(40); // a product: some are popular
        let status = [200, 200, 200, 200, 200, 304, 404, 500][random(8) as usize];
        let time = 2 + random(60) + (random(50) / 49) * random(5000);
        match random(1000) {
            0 => writeln!(output, "worker {host} restarted")?,
            page => writeln!(
                output,
                "192.0.2.{host} - - \
                 [{day:02}/Jan/2026:{hour:02}:{minute:02}:{second:02} +0000] \
                 \"GET /books/{book}?page={page} HTTP/1.1\" {status} {size} {time}"
            )?,
        }
    }
    output.flush()?;
    Ok(true)
}
