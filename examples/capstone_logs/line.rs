//! Takes a line of the log apart; the header of `main.rs` says what it looks like.

// ANCHOR: parse
/// Status, hour, time and path; `None` when the line has another shape.
pub(crate) fn parse(line: &[u8]) -> Option<(u32, u32, u32, &[u8])> {
    let space = |&byte: &u8| byte == b' ';
    let mut ends = line.rsplitn(4, space); // the last fields first
    let (time, size, status) = (ends.next()?, ends.next()?, ends.next()?);
    let mut fields = ends.next()?.strip_suffix(b"\"")?.splitn(4, space);
    let names = fields.by_ref().take(3).all(|name| !name.is_empty());
    let (date, request) = fields.next()?.strip_prefix(b"[")?.split_at_checked(26)?;
    let mut words = request.strip_prefix(b"] \"")?.splitn(3, space);
    let (method, path, protocol) = (words.next()?, words.next()?, words.next()?);
    let hour = number(&date[12..14])?;
    let well_formed = names
        && matches_pattern(date, b"00/aaa/0000:00:00:00 +0000")
        && hour < 24
        && !method.is_empty()
        && !path.is_empty()
        && protocol.starts_with(b"HTTP/")
        && !protocol.contains(&b' ')
        && status.len() == 3
        && (size == b"-" || number(size).is_some());
    let path = path.split(|&byte| byte == b'?').next()?;
    well_formed.then_some((number(status)?, hour, number(time)?, path))
}
// ANCHOR_END: parse

fn matches_pattern(text: &[u8], pattern: &[u8]) -> bool {
    text.iter().zip(pattern).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        _ => byte == wanted,
    })
}

/// Reads decimal digits; a number too large for its type becomes the largest.
fn number(digits: &[u8]) -> Option<u32> {
    let add = |number: u32, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    };
    digits
        .iter()
        .try_fold(0, add)
        .filter(|_| !digits.is_empty())
}
