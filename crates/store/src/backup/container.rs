//! The tar that a backup is: members written and read one after the other, each with its digest, and a digest of the
//! whole stream at its end.

use std::io::{Read, Write};

use jiff::Timestamp;

use super::{Attachment, BackupError, Member};

/// tar's unit.
const BLOCK: u64 = 512;
/// The member that ends the stream.
const SEAL: &str = "stream.blake3";
/// Bytes are copied in pieces of this size.
const PIECE: usize = 1 << 16;

/// Writes members.
pub(super) struct Packer<'a> {
    out: &'a mut dyn Write,
    at: Timestamp,
    stream: blake3::Hasher,
    members: Vec<Member>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(out: &'a mut dyn Write, at: Timestamp) -> Self {
        Self {
            out,
            at,
            stream: blake3::Hasher::new(),
            members: Vec::new(),
        }
    }

    /// The members so far.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// A member that is in memory.
    pub(super) fn whole(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.member(name, bytes.len() as u64, &mut &*bytes)
    }

    /// A member that is a file.
    pub(super) fn attachment(&mut self, folder: &str, attachment: Attachment) -> Result<(), BackupError> {
        let Attachment {
            name,
            mut file,
            bytes,
        } = attachment;
        self.member(&format!("{folder}{name}"), bytes, &mut file)
    }

    fn member(&mut self, name: &str, bytes: u64, content: &mut dyn Read) -> Result<(), BackupError> {
        let header = header(name, bytes, self.at)?;
        self.write(&header)?;
        let mut digest = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut left = bytes;
        while left > 0 {
            let wanted = PIECE.min(usize::try_from(left).unwrap_or(PIECE));
            let piece = piece.get_mut(..wanted).unwrap_or_default();
            content
                .read_exact(piece)
                .map_err(BackupError::io(format!("read {name}, which has become shorter")))?;
            digest.update(piece);
            self.write(piece)?;
            left -= wanted as u64;
        }
        self.write(padding(bytes))?;
        self.members.push(Member {
            name: name.to_owned(),
            bytes,
            blake3: digest.finalize().to_hex().to_string(),
        });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.stream.update(bytes);
        self.out.write_all(bytes).map_err(BackupError::io("write"))
    }

    /// Seals and ends the stream.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        let seal = seal(&self.stream, self.at)?;
        self.out
            .write_all(&seal)
            .and_then(|()| self.out.flush())
            .map_err(BackupError::io("write"))
    }
}

/// Reads members.
pub(super) struct Unpacker<'a> {
    input: &'a mut dyn Read,
    stream: blake3::Hasher,
    /// The member that is read, or was read last.
    name: String,
    members: Vec<Member>,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(input: &'a mut dyn Read) -> Self {
        Self {
            input,
            stream: blake3::Hasher::new(),
            name: "its beginning".to_owned(),
            members: Vec::new(),
        }
    }

    /// The members so far.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The next member's name and length.
    pub(super) fn next(&mut self) -> Result<(String, u64), BackupError> {
        let behind = match self.members.last() {
            Some(member) => format!("what follows {}", member.name),
            None => "its beginning".to_owned(),
        };
        self.name.clone_from(&behind);
        let mut header = tar::Header::new_old();
        self.read(header.as_mut_bytes())?;
        // What the header says cannot be quoted: it may be anything.
        let no_member = || BackupError::damaged(&behind, "no member of a depeche backup begins there");
        let written = header.cksum().map_err(|_| no_member())?;
        let counted = {
            let mut counting = header.clone();
            counting.set_cksum();
            counting.cksum().map_err(|_| no_member())?
        };
        if written != counted {
            return Err(no_member());
        }
        let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
        let bytes = header.entry_size().map_err(|_| no_member())?;
        self.name.clone_from(&name);
        Ok((name, bytes))
    }

    /// The content of the member that [`Unpacker::next`] gave, copied to `sink`.
    pub(super) fn content(&mut self, bytes: u64, sink: &mut dyn Write) -> Result<(), BackupError> {
        let mut digest = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut left = bytes;
        while left > 0 {
            let wanted = PIECE.min(usize::try_from(left).unwrap_or(PIECE));
            let piece = piece.get_mut(..wanted).unwrap_or_default();
            self.read(piece)?;
            digest.update(piece);
            sink.write_all(piece)
                .map_err(BackupError::io(format!("write {}", self.name)))?;
            left -= wanted as u64;
        }
        let mut pad = padding(bytes).to_vec();
        self.read(&mut pad)?;
        self.members.push(Member {
            name: self.name.clone(),
            bytes,
            blake3: digest.finalize().to_hex().to_string(),
        });
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.fill(bytes)?;
        self.stream.update(bytes);
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.input.read_exact(bytes).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                BackupError::damaged(&self.name, "the backup ends here; the rest of it is missing")
            } else {
                BackupError::io(format!("read {}", self.name))(error)
            }
        })
    }

    /// Checks the end of the stream: the digest of all of it, and nothing behind.
    pub(super) fn finish(mut self, at: Timestamp) -> Result<(), BackupError> {
        let expected = seal(&self.stream, at)?;
        SEAL.clone_into(&mut self.name);
        let mut found = vec![0; expected.len()];
        self.fill(&mut found)?;
        if found != expected {
            return Err(BackupError::damaged(
                SEAL,
                "not every byte of the backup is as it was written",
            ));
        }
        let mut more = Vec::new();
        self.input
            .take(1)
            .read_to_end(&mut more)
            .map_err(BackupError::io("read behind its end"))?;
        if more.is_empty() {
            Ok(())
        } else {
            Err(BackupError::damaged(
                SEAL,
                "something follows the end of the backup",
            ))
        }
    }
}

/// The end of a stream, as it must be to the byte.
fn seal(stream: &blake3::Hasher, at: Timestamp) -> Result<Vec<u8>, BackupError> {
    let digest = format!("{}\n", stream.finalize().to_hex());
    let bytes = digest.len() as u64;
    let mut seal = header(SEAL, bytes, at)?;
    seal.extend_from_slice(digest.as_bytes());
    seal.extend_from_slice(padding(bytes));
    // Two blocks of zeros end a tar.
    seal.resize(seal.len() + 2 * BLOCK as usize, 0);
    Ok(seal)
}

fn header(name: &str, bytes: u64, at: Timestamp) -> Result<Vec<u8>, BackupError> {
    let mut header = tar::Header::new_ustar();
    header
        .set_path(name)
        .map_err(BackupError::io(format!("write {name}")))?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(at.as_second()).unwrap_or(0));
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// What fills the last block of a member.
fn padding(bytes: u64) -> &'static [u8] {
    const ZEROS: &[u8] = &[0; BLOCK as usize];
    let filled = (bytes % BLOCK) as usize;
    if filled == 0 {
        return &[];
    }
    ZEROS.get(filled..).unwrap_or_default()
}
