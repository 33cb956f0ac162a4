//! The wire format, field by field: to say where bytes stop being a message, and to show unknown fields.

/// Reads fields one after the other; positions are those in the whole message.
pub(super) struct Wire<'a> {
    bytes: &'a [u8],
    /// Of `bytes` in the whole message.
    offset: usize,
    at: usize,
}

/// A field's value as the wire knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireValue<'a> {
    Varint(u64),
    Fixed64(u64),
    /// With the position of its first byte.
    Delimited(&'a [u8], usize),
    StartGroup,
    EndGroup,
    Fixed32(u32),
}

/// What is wrong, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) what: String,
    pub(super) at: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset, at: 0 }
    }

    /// In the whole message.
    pub(super) fn position(&self) -> usize {
        self.offset + self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next field's number and wire type.
    pub(super) fn tag(&mut self) -> Result<(u32, u8), Broken> {
        let at = self.position();
        let tag = self.varint()?;
        let broken = |what: String| Broken { what, at };
        let tag = u32::try_from(tag).map_err(|_| broken("a tag is larger than 32 bits".to_owned()))?;
        match (tag >> 3, tag & 7) {
            (0, _) => Err(broken("a field has the number 0".to_owned())),
            (_, kind @ 6..) => Err(broken(format!("there is no wire type {kind}"))),
            (number, kind) => Ok((number, u8::try_from(kind).unwrap_or_default())),
        }
    }

    /// The value after a tag of this wire type.
    pub(super) fn value(&mut self, wire_type: u8) -> Result<WireValue<'a>, Broken> {
        Ok(match wire_type {
            0 => WireValue::Varint(self.varint()?),
            1 => WireValue::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let at = self.position();
                let length = self.varint()?;
                let left = self.bytes.len() - self.at;
                let length = usize::try_from(length)
                    .ok()
                    .filter(|length| *length <= left)
                    .ok_or_else(|| Broken { what: format!("{length} bytes are announced, {left} are left"), at })?;
                let start = self.position();
                WireValue::Delimited(self.take(length)?, start)
            }
            3 => WireValue::StartGroup,
            4 => WireValue::EndGroup,
            _ => WireValue::Fixed32(u32::from_le_bytes(self.array()?)),
        })
    }

    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        let at = self.position();
        let mut value = 0_u64;
        for index in 0..10 {
            let byte = self.take(1)?[0];
            if index == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken { what: "a varint is longer than 64 bits".to_owned(), at })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..length) else {
            let what = format!("the bytes end in the middle of it: {length} wanted, {} left", rest.len());
            return Err(Broken { what, at: self.position() });
        };
        self.at += length;
        Ok(taken)
    }
}

/// A wire type by its name.
pub(super) fn wire_type_name(wire_type: u8) -> &'static str {
    match wire_type {
        0 => "varint",
        1 => "64-bit",
        2 => "length-delimited",
        3 => "start of a group",
        4 => "end of a group",
        _ => "32-bit",
    }
}
