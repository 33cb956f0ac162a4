//! Message compression: `gzip`, `deflate`, `zstd`, and the limit on what a message may decompress to.

use std::fmt;
use std::io::{self, Read, Write as _};

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// How a message's bytes are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    #[default]
    Identity,
    Gzip,
    /// The zlib format (RFC 1950), as HTTP means it.
    Deflate,
    Zstd,
}

/// Why a message could not be decompressed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecompressError {
    #[error("a compressed message unpacks to more than the limit of {limit} bytes")]
    OverLimit { limit: usize },
    #[error("{0}")]
    Broken(String),
}

/// What [`Compression::ALL`] says, as a header.
pub(super) const ACCEPTED: &str = "identity,gzip,deflate,zstd";

/// A zstd frame may ask for this much memory (RFC 8878 recommends that decoders allow it), and for as much as a
/// message may have.
const ZSTD_WINDOW: usize = 8 << 20;

impl Compression {
    pub(crate) const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Deflate, Self::Zstd];

    /// As in `grpc-encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }

    pub(super) fn compress(self, message: &Bytes) -> io::Result<Bytes> {
        Ok(match self {
            Self::Identity => message.clone(),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Level::default());
                encoder.write_all(message)?;
                encoder.finish()?.into()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Level::default());
                encoder.write_all(message)?;
                encoder.finish()?.into()
            }
            Self::Zstd => compress_to_vec(&message[..], CompressionLevel::Fastest).into(),
        })
    }

    /// The message, of which no more than the limit is ever unpacked.
    pub(super) fn decompress(self, message: Bytes, limit: usize) -> Result<Bytes, DecompressError> {
        match self {
            Self::Identity => Ok(message),
            Self::Gzip => bounded(MultiGzDecoder::new(&message[..]), limit).map(|(unpacked, _)| unpacked),
            Self::Deflate => {
                let (unpacked, decoder) = bounded(ZlibDecoder::new(&message[..]), limit)?;
                if decoder.total_in() < message.len() as u64 {
                    return Err(trailing());
                }
                Ok(unpacked)
            }
            Self::Zstd => {
                let window = ZSTD_WINDOW.max(limit) as u64;
                let decoder = StreamingDecoder::new_with_max_window_size(&message[..], window);
                let (unpacked, decoder) = bounded(
                    decoder.map_err(|error| match error {
                        FrameDecoderError::WindowSizeTooBig { .. } => DecompressError::OverLimit { limit },
                        other => DecompressError::Broken(other.to_string()),
                    })?,
                    limit,
                )?;
                let (rest, decoder): (_, FrameDecoder) = decoder.into_parts();
                let sum = decoder.get_checksum_from_data();
                if sum.is_some() && sum != decoder.get_calculated_checksum() {
                    return Err(DecompressError::Broken("its checksum is wrong".to_owned()));
                }
                if !rest.is_empty() {
                    return Err(trailing());
                }
                Ok(unpacked)
            }
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Reads to the end, or one byte over the limit.
fn bounded<R: Read>(decoder: R, limit: usize) -> Result<(Bytes, R), DecompressError> {
    let mut decoder = decoder.take((limit as u64).saturating_add(1));
    let mut unpacked = Vec::new();
    decoder.read_to_end(&mut unpacked).map_err(|error| DecompressError::Broken(error.to_string()))?;
    if unpacked.len() > limit {
        return Err(DecompressError::OverLimit { limit });
    }
    Ok((unpacked.into(), decoder.into_inner()))
}

fn trailing() -> DecompressError {
    DecompressError::Broken("bytes follow its end".to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{ACCEPTED, Compression, DecompressError};

    const PACKED: [Compression; 3] = [Compression::Gzip, Compression::Deflate, Compression::Zstd];

    /// `printf hello | zstd`: four bytes of checksum behind the text.
    const ZSTD_HELLO: &[u8] = b"\x28\xb5\x2f\xfd\x04\x58\x29\0\0hello\xa3\x6d\x9f\x88";

    fn packed(compression: Compression, message: &[u8]) -> Bytes {
        compression.compress(&Bytes::copy_from_slice(message)).expect("memory")
    }

    #[test]
    fn all_of_them_are_accepted() {
        assert_eq!(Compression::ALL.map(Compression::name).join(","), ACCEPTED);
        for compression in Compression::ALL {
            assert_eq!(Compression::from_name(compression.name()), Some(compression));
        }
        assert_eq!(Compression::from_name("snappy"), None);
    }

    #[test]
    fn repetition_becomes_short() {
        let message = b"abcdefgh".repeat(10_000);
        for compression in PACKED {
            let length = packed(compression, &message).len();
            assert!(length < 2_000, "{compression}: {length} bytes");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let message = vec![0; 2_000_000];
        for compression in PACKED {
            let bomb = packed(compression, &message);
            assert_eq!(compression.decompress(bomb, 1000), Err(DecompressError::OverLimit { limit: 1000 }));
        }
    }

    #[test]
    fn a_message_at_the_limit_passes() {
        for compression in PACKED {
            let message = packed(compression, &[7; 1000]);
            assert_eq!(compression.decompress(message.clone(), 1000).map(|unpacked| unpacked.len()), Ok(1000));
            assert_eq!(compression.decompress(message, 999), Err(DecompressError::OverLimit { limit: 999 }));
        }
    }

    #[test]
    fn what_is_cut_or_followed_by_more_is_broken() {
        for compression in PACKED {
            let whole = packed(compression, b"a message that is long enough to be cut");
            for message in [whole.slice(..whole.len() - 1), whole.slice(..5), Bytes::new()] {
                let broken = compression.decompress(message, 1000);
                assert!(matches!(broken, Err(DecompressError::Broken(_))), "{compression}: {broken:?}");
            }
            let more = Bytes::from([&whole[..], b"x"].concat());
            let broken = compression.decompress(more, 1000);
            assert!(matches!(broken, Err(DecompressError::Broken(_))), "{compression}: {broken:?}");
        }
    }

    #[test]
    fn reads_what_other_programs_pack() {
        // Python's gzip.compress and zlib.compress, and the program zstd.
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
        let deflate = b"x\x9c\xcbH\xcd\xc9\xc9\x07\0\x06,\x02\x15";
        for (compression, message) in PACKED.into_iter().zip([&gzip[..], deflate, ZSTD_HELLO]) {
            let unpacked = compression.decompress(Bytes::from_static(message), 5);
            assert_eq!(unpacked, Ok(Bytes::from_static(b"hello")), "{compression}");
        }
    }

    #[test]
    fn a_wrong_checksum_of_zstd_is_seen() {
        let mut message = ZSTD_HELLO.to_vec();
        message[9] ^= 1;
        let broken = Compression::Zstd.decompress(message.into(), 5);
        assert_eq!(broken, Err(DecompressError::Broken("its checksum is wrong".to_owned())));
    }

    #[test]
    fn a_zstd_frame_that_asks_for_a_gigabyte_is_refused() {
        // The magic number, no flags, a window descriptor of 2^30.
        let message = Bytes::from_static(&[0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0]);
        assert_eq!(Compression::Zstd.decompress(message, 1000), Err(DecompressError::OverLimit { limit: 1000 }));
    }

    proptest! {
        #[test]
        fn messages_survive(message: Vec<u8>) {
            for compression in Compression::ALL {
                let unpacked = compression.decompress(packed(compression, &message), message.len());
                prop_assert_eq!(unpacked, Ok(Bytes::from(message.clone())));
            }
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(
            text in prop::collection::vec(0_u8..4, 0..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        ) {
            for compression in PACKED {
                let mut bytes = packed(compression, &text).to_vec();
                for (place, byte) in &changes {
                    let place = place.index(bytes.len());
                    bytes[place] = *byte;
                }
                if let Ok(unpacked) = compression.decompress(bytes.into(), 1000) {
                    prop_assert!(unpacked.len() <= 1000);
                }
            }
        }
    }
}
