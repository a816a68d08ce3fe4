//! How a function gets into another process: as its place in the program.
//!
//! Both processes run the same program file, but the kernel loads it at an
//! address of its own in each. So a function crosses as its offset from the
//! load base. The receiver checks that the image is the same and that the
//! offset lies in a segment that holds code, and adds its own base.

#![expect(unsafe_code, reason = "asks the loader where the program's code is")]

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::OnceLock;

use crate::error::{Error, Result};

/// The program file as it lies in this process's memory.
struct Image {
    base: usize,
    code: Vec<Range<usize>>,
    build: Vec<u8>,
}

/// Names the program file: its GNU build id, or without one (a linker may
/// leave it out) the places of its code segments.
pub(crate) fn build() -> &'static [u8] {
    &image().build
}

/// Gives the offset of the function at `address` in this process.
///
/// # Errors
///
/// [`Error::ForeignFunction`] when it is in a shared library.
pub(crate) fn offset(address: usize) -> Result<u64> {
    let image = image();
    if image.code.iter().any(|segment| segment.contains(&address)) {
        Ok((address - image.base) as u64)
    } else {
        Err(Error::ForeignFunction)
    }
}

/// Gives the address in this process of the function at `offset`.
///
/// # Errors
///
/// [`Error::Corrupt`] when no code is there.
pub(crate) fn address(offset: u64) -> Result<usize> {
    let image = image();
    usize::try_from(offset)
        .ok()
        .and_then(|offset| image.base.checked_add(offset))
        .filter(|address| image.code.iter().any(|code| code.contains(address)))
        .ok_or(Error::corrupt("a function of this program"))
}

fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let mut image = Image {
            base: 0,
            code: Vec::new(),
            build: Vec::new(),
        };
        // SAFETY: (1) the loader calls `first_image` with the pointer given
        // here, and only before this call returns; (2) `image` lives longer;
        // (3) no other process is involved.
        unsafe {
            libc::dl_iterate_phdr(Some(first_image), (&raw mut image).cast());
        }
        if image.build.is_empty() {
            for code in &image.code {
                image.build.extend((code.start - image.base).to_le_bytes());
                image.build.extend(code.len().to_le_bytes());
            }
        }
        image
    })
}

/// Reads the headers of the first image, which is the program itself.
extern "C" fn first_image(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    image: *mut c_void,
) -> c_int {
    // SAFETY: (1) the pointers could be null or of another type; (2) the
    // loader and `image()` give valid ones for the time of this call; (3) no
    // other process reaches them.
    let info = unsafe { &*info };
    // SAFETY: as above; `image()` holds no reference to it meanwhile.
    let image = unsafe { &mut *image.cast::<Image>() };
    // SAFETY: (1) a wrong count would read too far; (2) both come from the
    // loader, which gives the array and its length.
    let headers = unsafe {
        std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into())
    };
    image.base = info.dlpi_addr as usize;
    for header in headers {
        let start = image.base + header.p_vaddr as usize;
        if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0 {
            image.code.push(start..start + header.p_memsz as usize);
        }
        if header.p_type == libc::PT_NOTE {
            // SAFETY: (1) the segment could be unmapped; (2) notes of a loaded
            // image are part of its read-only memory for as long as it runs.
            let notes = unsafe {
                std::slice::from_raw_parts(
                    start as *const u8,
                    header.p_memsz as usize,
                )
            };
            if let Some(build) = build_id(notes) {
                image.build = build.to_vec();
            }
        }
    }
    1 // Stop: the others are shared libraries.
}

/// Finds the GNU build id in a segment of notes: each is three lengths
/// (name, content, type), then name and content, padded to four bytes.
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const GNU_BUILD_ID: u32 = 3;
    loop {
        let (name, rest) = split_word(notes)?;
        let (content, rest) = split_word(rest)?;
        let (kind, rest) = split_word(rest)?;
        let content_start = (name as usize).checked_next_multiple_of(4)?;
        let content_end = content_start.checked_add(content as usize)?;
        if kind == GNU_BUILD_ID && rest.get(..4) == Some(b"GNU\0") {
            return rest.get(content_start..content_end);
        }
        notes = rest.get(content_end.checked_next_multiple_of(4)?..)?;
    }
}

fn split_word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_ne_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_leads_back_to_its_function() {
        let function = image as fn() -> &'static Image as usize;
        let offset = offset(function).expect("a function of this program");
        assert_eq!(address(offset).expect("the same"), function);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        static DATA: u8 = 0;
        assert!(offset(&raw const DATA as usize).is_err());
        assert!(offset(libc::getpid as *const () as usize).is_err());
        assert!(address(u64::MAX).is_err());
        assert!(address(u64::MAX / 2).is_err());
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let mut notes = Vec::new();
        for (name, content, kind) in
            [("ABC\0XY", "content", 9_u32), ("GNU\0", "build", 3)]
        {
            notes.extend((name.len() as u32).to_ne_bytes());
            notes.extend((content.len() as u32).to_ne_bytes());
            notes.extend(kind.to_ne_bytes());
            for part in [name, content] {
                notes.extend(part.as_bytes());
                notes.resize(notes.len().next_multiple_of(4), 0);
            }
        }
        assert_eq!(build_id(&notes), Some(b"build".as_slice()));
        for length in 0..notes.len() - 3 {
            assert_eq!(build_id(&notes[..length]), None);
        }
    }
}
