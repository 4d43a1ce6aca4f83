//! Writing: one writer appends groups of captures to the newest segment and makes each group durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use depeche_disk::durable::{sync_dir, sync_name};
use depeche_disk::fault;
use depeche_model::{Capture, Clock, Journaled, Position};

use crate::record;
use crate::segment::{JournalError, Segment, list_forms, list_segments, remove_part};

/// How the journal is laid out.
#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// A segment that has reached this many bytes is followed by a new one.
    pub segment_bytes: u64,
}

impl Default for JournalOptions {
    /// 1 GiB: the size web archives use for WARC files (WARC 1.1 annex C recommends it).
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
        }
    }
}

/// What opening a journal had to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The segment whose end was torn.
    pub segment: PathBuf,
    /// Bytes behind the last whole record, now in `set_aside`.
    pub torn_bytes: u64,
    /// The file that keeps them.
    pub set_aside: PathBuf,
    /// What was wrong.
    pub why: String,
}

/// The one writer of a journal folder. The caller keeps a second one from opening it.
pub struct Journal {
    dir: PathBuf,
    options: JournalOptions,
    clock: Arc<dyn Clock>,
    segment: Segment,
    file: File,
    /// Durable length of the newest segment.
    end: u64,
    next_ordinal: u64,
    /// Why the newest segment may end in half a record; then its length is unknown, and nothing is appended.
    uncut: Option<String>,
}

impl Journal {
    /// Opens the journal in `dir`, creating it when it is not there. A torn end, as a crash leaves it, is moved to
    /// a file of its own beside the segment and told in the returned [`Recovery`].
    ///
    /// `settled_up_to` is the number up to which captures are known to have been durable.
    ///
    /// # Errors
    ///
    /// [`JournalError`] when the folder or the newest segment cannot be read or written, or when the damage at its end
    /// goes back before `settled_up_to`: what was durable once is not a torn end, and is not cut.
    pub fn open(
        dir: &Path,
        options: JournalOptions,
        settled_up_to: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Option<Recovery>), JournalError> {
        fs::create_dir_all(dir).map_err(JournalError::io("create", dir))?;
        if let Some(parent) = dir.parent() {
            sync_dir(parent).map_err(JournalError::io("sync", parent))?;
        }
        for (number, forms) in list_forms(dir)? {
            if forms.part {
                remove_part(dir, number)?;
            }
        }
        let segments = list_segments(dir)?;
        let Some(segment) = segments.last().filter(|newest| !newest.is_sealed()).cloned() else {
            // None, or the newest was taken away and a sealed one is the last: that is never written again.
            let segment = Segment::new(dir, segments.last().map_or(0, |newest| newest.number) + 1);
            let next_ordinal = last_ordinal(&segments)?.unwrap_or(0) + 1;
            let (file, end) = create(dir, &segment, clock.as_ref())?;
            let journal = Self {
                dir: dir.to_owned(),
                options,
                clock,
                segment,
                file,
                end,
                next_ordinal,
                uncut: None,
            };
            return Ok((journal, None));
        };
        let survey = segment.survey()?;
        let last_ordinal = match survey.last_ordinal {
            Some(last) => Some(last),
            None => last_ordinal(segments.split_last().map_or(&[], |(_, earlier)| earlier))?,
        };
        let recovery = match survey.damage {
            Some(why) if last_ordinal.unwrap_or(0) < settled_up_to => {
                return Err(JournalError::Damaged {
                    path: segment.path,
                    why,
                });
            }
            Some(why) => Some(set_torn_end_aside(&segment.path, survey.good_end, why)?),
            None => None,
        };
        let file = OpenOptions::new()
            .append(true)
            .open(&segment.path)
            .map_err(JournalError::io("open", &segment.path))?;
        let next_ordinal = last_ordinal.unwrap_or(0) + 1;
        let mut journal = Self {
            dir: dir.to_owned(),
            options,
            clock,
            segment,
            file,
            end: survey.good_end,
            next_ordinal,
            uncut: None,
        };
        if journal.end == 0 {
            // Not even its first record had become durable.
            journal.write_durably(&record::encode_warcinfo(
                &file_name(&journal.segment),
                journal.clock.now(),
            ))?;
        }
        Ok((journal, recovery))
    }

    /// The number of the last capture; 0 when there is none.
    #[must_use]
    pub fn last_ordinal(&self) -> u64 {
        self.next_ordinal - 1
    }

    /// Numbers go on behind `ordinal` when the journal ends before it: its segments were taken away, and a number
    /// that the store has settled must not be given again.
    pub fn continue_after(&mut self, ordinal: u64) {
        self.next_ordinal = self.next_ordinal.max(ordinal + 1);
    }

    /// The captures with a number above `ordinal` that were durable when this was called, in order.
    ///
    /// # Errors
    ///
    /// [`JournalError`] when a segment cannot be read; damage inside comes as an item of the iterator.
    pub fn captures_after(
        &self,
        ordinal: u64,
    ) -> Result<impl Iterator<Item = Result<Journaled, JournalError>> + use<>, JournalError> {
        let last = self.last_ordinal();
        let mut segments = Vec::new();
        if last > ordinal {
            // Newest first, until the segment that begins at or before the first one wanted.
            for segment in list_segments(&self.dir)?.into_iter().rev() {
                let first = segment.first_ordinal()?;
                segments.push(segment);
                if first.is_some_and(|first| first <= ordinal + 1) {
                    break;
                }
            }
        }
        // One file is open at a time, however many there are.
        let items = segments
            .into_iter()
            .rev()
            .flat_map(|segment| -> Box<dyn Iterator<Item = _> + Send> {
                match segment.captures() {
                    Ok(captures) => Box::new(captures),
                    Err(error) => Box::new(std::iter::once(Err(error))),
                }
            });
        Ok(items.filter(move |item| match item {
            Ok(journaled) => journaled.position.ordinal > ordinal,
            Err(_) => true,
        }))
    }

    /// Appends a group and returns when all of it is durable: one `fdatasync` for the group.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] when it could not be made durable; then none of the group is in the journal.
    /// [`JournalError::Uncut`] when what was written of it could not be taken back; then every later append fails, too.
    pub fn append(&mut self, captures: &[&Capture]) -> Result<Vec<Position>, JournalError> {
        if let Some(why) = &self.uncut {
            return Err(self.uncut_error(why));
        }
        if self.end >= self.options.segment_bytes {
            let next = Segment::new(&self.dir, self.segment.number + 1);
            (self.file, self.end) = create(&self.dir, &next, self.clock.as_ref())?;
            self.segment = next;
        }
        let mut bytes = Vec::new();
        let mut positions = Vec::with_capacity(captures.len());
        for (ordinal, capture) in (self.next_ordinal..).zip(captures) {
            let record = record::encode(capture, ordinal);
            positions.push(Position {
                ordinal,
                segment: self.segment.number,
                offset: self.end + bytes.len() as u64,
                length: record.len() as u64,
            });
            bytes.extend_from_slice(&record);
        }
        self.write_durably(&bytes)?;
        self.next_ordinal += captures.len() as u64;
        Ok(positions)
    }

    fn write_durably(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let written = fault::write_all("journal.append.write", &mut self.file, bytes)
            .and_then(|()| fault::point("journal.append.written"))
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A half-written record must not stand before the next one. Should this fail too, opening cuts it.
            if let Err(cut) = self.file.set_len(self.end) {
                let why = format!("it could not be written ({source}) and not be cut ({cut})");
                let error = self.uncut_error(&why);
                self.uncut = Some(why);
                return Err(error);
            }
            return Err(JournalError::io("write", &self.segment.path)(source));
        }
        self.end += bytes.len() as u64;
        fault::point("journal.append.synced").map_err(JournalError::io("sync", &self.segment.path))
    }

    fn uncut_error(&self, why: &str) -> JournalError {
        JournalError::Uncut {
            path: self.segment.path.clone(),
            why: why.to_owned(),
        }
    }
}

/// The number of the last capture; the segments before the one that has it are not read.
fn last_ordinal(segments: &[Segment]) -> Result<Option<u64>, JournalError> {
    for segment in segments.iter().rev() {
        if let Some(last) = segment.last_ordinal()? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

fn create(dir: &Path, segment: &Segment, clock: &dyn Clock) -> Result<(File, u64), JournalError> {
    let path = &segment.path;
    let mut file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(path)
        .map_err(JournalError::io("create", path))?;
    let info = record::encode_warcinfo(&file_name(segment), clock.now());
    let begun = file
        .write_all(&info)
        .and_then(|()| fault::point("journal.segment.created"))
        .and_then(|()| file.sync_all())
        .map_err(JournalError::io("write", path))
        .and_then(|()| sync_dir(dir).map_err(JournalError::io("sync", dir)))
        .and_then(|()| fault::point("journal.segment.synced").map_err(JournalError::io("sync", dir)));
    if let Err(error) = begun {
        // The next append begins the same segment again, and a file that stands there already is never written.
        remove_failed(path);
        return Err(error);
    }
    Ok((file, info.len() as u64))
}

/// Removes a file that could not be written whole.
fn remove_failed(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::error!(file = %path.display(), %error, "a half-written file could not be removed; remove it");
    }
}

fn set_torn_end_aside(path: &Path, good_end: u64, why: String) -> Result<Recovery, JournalError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(JournalError::io("open", path))?;
    file.seek(SeekFrom::Start(good_end))
        .map_err(JournalError::io("read", path))?;
    let (set_aside, mut aside) = create_aside(path, good_end)?;
    let copied = io::copy(&mut file, &mut aside).and_then(|copied| {
        aside.sync_all()?;
        sync_name(&set_aside)?;
        Ok(copied)
    });
    let torn_bytes = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // Nothing was cut. Without this, each start on a full disk would leave one more.
            remove_failed(&set_aside);
            return Err(JournalError::io("write", &set_aside)(error));
        }
    };
    file.set_len(good_end)
        .and_then(|()| file.sync_all())
        .map_err(JournalError::io("cut", path))?;
    Ok(Recovery {
        segment: path.to_owned(),
        torn_bytes,
        set_aside,
        why,
    })
}

/// A file of its own for what stands behind `good_end`: an earlier tear at the same place may have one already.
fn create_aside(path: &Path, good_end: u64) -> Result<(PathBuf, File), JournalError> {
    let mut count = 1_u32;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".torn-{good_end}"));
        if count > 1 {
            name.push(format!("-{count}"));
        }
        let set_aside = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&set_aside) {
            Ok(aside) => return Ok((set_aside, aside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            Err(error) => return Err(JournalError::io("create", &set_aside)(error)),
        }
    }
}

fn file_name(segment: &Segment) -> String {
    segment
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sample::capture;

    fn open(dir: &Path, segment_bytes: u64) -> (Journal, Option<Recovery>) {
        Journal::open(
            dir,
            JournalOptions { segment_bytes },
            0,
            Arc::new(|| Timestamp::UNIX_EPOCH),
        )
        .unwrap()
    }

    fn ordinals(journal: &Journal, after: u64) -> Vec<u64> {
        journal
            .captures_after(after)
            .unwrap()
            .map(|item| item.unwrap().position.ordinal)
            .collect()
    }

    #[test]
    fn numbering_goes_on_without_gaps_over_segments_and_restarts() {
        let dir = tempfile::tempdir().unwrap();
        for start in [0, 4, 8] {
            let (mut journal, recovery) = open(dir.path(), 900);
            assert_eq!((journal.last_ordinal(), recovery), (start, None));
            for n in 0..4 {
                journal.append(&[&capture(n)]).unwrap();
            }
        }
        assert!(list_segments(dir.path()).unwrap().len() > 2);
        let (journal, _) = open(dir.path(), 900);
        for after in 0..=12 {
            assert_eq!(ordinals(&journal, after), (after + 1..=12).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_torn_end_is_set_aside_at_whatever_byte_it_was_cut() {
        let whole = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(whole.path(), 1 << 20);
        let first = journal.append(&[&capture(1)]).unwrap()[0];
        journal.append(&[&capture(2)]).unwrap();
        let bytes = fs::read(&list_segments(whole.path()).unwrap()[0].path).unwrap();
        let second_at = (first.offset + first.length) as usize;
        for cut in second_at..bytes.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = Segment::new(dir.path(), 1).path;
            fs::write(&path, &bytes[..cut]).unwrap();
            let (mut journal, recovery) = open(dir.path(), 1 << 20);
            assert_eq!(
                recovery.as_ref().map_or(0, |r| r.torn_bytes as usize),
                cut - second_at
            );
            assert_eq!(journal.last_ordinal(), 1);
            journal.append(&[&capture(3)]).unwrap();
            assert_eq!(ordinals(&journal, 0), [1, 2]);
            if let Some(recovery) = recovery {
                assert_eq!(fs::read(recovery.set_aside).unwrap(), &bytes[second_at..cut]);
            }
        }
    }

    #[test]
    fn nothing_is_appended_behind_half_a_record_that_could_not_be_cut() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 1 << 20);
        journal.append(&[&capture(1)]).unwrap();
        let path = journal.segment.path.clone();
        let whole = fs::metadata(&path).unwrap().len();
        // 1. A file that was opened for reading refuses the write, and the cut as well.
        let writable = std::mem::replace(&mut journal.file, File::open(&path).unwrap());
        let refused = |journal: &mut Journal| {
            let error = journal.append(&[&capture(2)]).unwrap_err();
            assert!(matches!(error, JournalError::Uncut { .. }), "{error}");
            assert!(!error.is_full_disk());
        };
        refused(&mut journal);
        // 2. The disk is sound again and half a record stands there: still nothing follows it.
        journal.file = writable;
        journal.file.write_all(b"WARC/1.1\r\nWARC-Ty").unwrap();
        let torn = fs::read(&path).unwrap();
        refused(&mut journal);
        assert_eq!(fs::read(&path).unwrap(), torn);
        drop(journal);
        // 3. The next start sets it aside, and numbering goes on.
        let (mut journal, recovery) = open(dir.path(), 1 << 20);
        assert_eq!(recovery.unwrap().torn_bytes, torn.len() as u64 - whole);
        assert_eq!(journal.append(&[&capture(2)]).unwrap()[0].offset, whole);
        assert_eq!(ordinals(&journal, 0), [1, 2]);
    }

    #[test]
    fn what_an_earlier_tear_left_is_kept_beside_what_a_later_one_left() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), 1 << 20));
        let path = Segment::new(dir.path(), 1).path;
        let torn = |left: &[u8]| {
            OpenOptions::new()
                .append(true)
                .open(&path)
                .unwrap()
                .write_all(left)
                .unwrap();
            open(dir.path(), 1 << 20).1.unwrap().set_aside
        };
        let tears: [&[u8]; 3] = [b"premier", b"second", b"troisi"];
        let kept: Vec<_> = tears.map(torn).into();
        for (kept, left) in kept.iter().zip(tears) {
            assert_eq!(fs::read(kept).unwrap(), left);
        }
        let first = kept[0].display();
        assert_eq!(kept[1].display().to_string(), format!("{first}-2"));
        assert_eq!(kept[2].display().to_string(), format!("{first}-3"));
    }

    /// Makes the length that a record claims a wrong one.
    fn damage(path: &Path, record: Position) -> Vec<u8> {
        let mut bytes = fs::read(path).unwrap();
        let length = b"Content-Length: ";
        let at = bytes[record.offset as usize..]
            .windows(length.len())
            .position(|w| w == length)
            .unwrap();
        bytes[record.offset as usize + at + length.len()] = b'9';
        fs::write(path, &bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_settled_is_never_cut_as_a_torn_end() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 1 << 20);
        let third = journal.append(&[&capture(1), &capture(2), &capture(3)]).unwrap()[2];
        let path = Segment::new(dir.path(), 1).path;
        let bytes = damage(&path, third);
        let reopened = Journal::open(
            dir.path(),
            JournalOptions::default(),
            3,
            Arc::new(|| Timestamp::UNIX_EPOCH),
        );
        assert!(matches!(reopened.err(), Some(JournalError::Damaged { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes, "nothing is cut");
    }

    #[test]
    fn damage_inside_hides_nothing_behind_it_and_nothing_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 1 << 20);
        let first = journal.append(&[&capture(1), &capture(2), &capture(3)]).unwrap()[0];
        let path = Segment::new(dir.path(), 1).path;
        let bytes = damage(&path, first);
        let (journal, recovery) = open(dir.path(), 1 << 20);
        assert_eq!((journal.last_ordinal(), recovery), (3, None));
        assert_eq!(fs::read(&path).unwrap(), bytes);
        let (read, damaged): (Vec<_>, Vec<_>) = journal.captures_after(0).unwrap().partition(Result::is_ok);
        let read: Vec<_> = read
            .into_iter()
            .map(|item| item.unwrap().position.ordinal)
            .collect();
        assert_eq!(read, [2, 3]);
        let [Err(error)] = &damaged[..] else {
            panic!("{damaged:?}")
        };
        let told = error.to_string();
        assert!(told.contains(&format!("byte {}", first.offset)), "{told}");
        assert!(
            told.contains(&format!("{} bytes were passed over", first.length)),
            "{told}"
        );
    }

    #[test]
    fn a_flipped_bit_in_the_last_record_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 1 << 20);
        journal.append(&[&capture(1), &capture(2)]).unwrap();
        let path = Segment::new(dir.path(), 1).path;
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - 6;
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let (journal, recovery) = open(dir.path(), 1 << 20);
        assert!(recovery.unwrap().why.contains("does not match its digest"));
        assert_eq!(ordinals(&journal, 0), [1]);
    }
}
