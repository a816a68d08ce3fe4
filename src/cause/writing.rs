//! [`Noting`] around serializers and what is serialized.

use std::fmt::Display;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Noted, Noting};

/// What is inside of another value: written by the serializer that the outer
/// serializer hands to it, wrapped again.
impl<T: Serialize + ?Sized> Serialize for Noting<&T> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.0.serialize(Noting(serializer));
        written.map_err(|Noted(error)| error)
    }
}

/// Methods that hand their arguments on, and wrap nothing but the error.
macro_rules! hand_on {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[inline(always)]
        fn $method(self, $($argument: $type),*) -> Result<Self::Ok, Self::Error> {
            self.0.$method($($argument),*).map_err(Noted)
        }
    )*};
}

/// Methods whose result takes the parts of a value, one by one.
macro_rules! open {
    ($($method:ident($($argument:ident: $type:ty),*) -> $parts:ident;)*) => {$(
        #[inline(always)]
        fn $method(
            self,
            $($argument: $type),*
        ) -> Result<Self::$parts, Self::Error> {
            self.0.$method($($argument),*).map(Noting).map_err(Noted)
        }
    )*};
}

impl<S: Serializer> Serializer for Noting<S> {
    type Ok = S::Ok;
    type Error = Noted<S::Error>;
    type SerializeSeq = Noting<S::SerializeSeq>;
    type SerializeTuple = Noting<S::SerializeTuple>;
    type SerializeTupleStruct = Noting<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Noting<S::SerializeTupleVariant>;
    type SerializeMap = Noting<S::SerializeMap>;
    type SerializeStruct = Noting<S::SerializeStruct>;
    type SerializeStructVariant = Noting<S::SerializeStructVariant>;

    hand_on! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    /// As postcard does: seven bits in each byte, the lowest first, and an eighth
    /// that says whether more follow. Postcard would write the bytes somewhere
    /// else first, and a number is what most tasks and results are.
    #[inline(always)]
    fn serialize_u64(self, mut value: u64) -> Result<Self::Ok, Self::Error> {
        // A tuple has no bytes of its own in this format.
        let mut bytes = self.0.serialize_tuple(0).map_err(Noted)?;
        while value >= 0x80 {
            let byte = value as u8 | 0x80;
            bytes.serialize_element(&byte).map_err(Noted)?;
            value >>= 7;
        }
        bytes.serialize_element(&(value as u8)).map_err(Noted)?;
        bytes.end().map_err(Noted)
    }

    open! {
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize)
            -> SerializeTupleStruct;
        serialize_tuple_variant(
            name: &'static str,
            index: u32,
            variant: &'static str,
            length: usize
        ) -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(
            name: &'static str,
            index: u32,
            variant: &'static str,
            length: usize
        ) -> SerializeStructVariant;
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(
        self,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        self.0.serialize_some(&Noting(value)).map_err(Noted)
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        let value = Noting(value);
        self.0.serialize_newtype_struct(name, &value).map_err(Noted)
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        self.0
            .serialize_newtype_variant(name, index, variant, &Noting(value))
            .map_err(Noted)
    }

    #[inline(always)]
    fn collect_str<T: Display + ?Sized>(
        self,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        self.0.collect_str(value).map_err(Noted)
    }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// A value's parts: `name(key)` takes each of them, `key` being what is known
/// of it beside its value.
macro_rules! parts {
    ($($part:ident: $method:ident($($key:ident)?);)*) => {$(
        impl<S: $part> $part for Noting<S> {
            type Ok = S::Ok;
            type Error = Noted<S::Error>;

            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($key: &'static str,)?
                value: &T,
            ) -> Result<(), Self::Error> {
                self.0.$method($($key,)? &Noting(value)).map_err(Noted)
            }

            #[inline(always)]
            fn end(self) -> Result<Self::Ok, Self::Error> {
                self.0.end().map_err(Noted)
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(key);
    SerializeStructVariant: serialize_field(key);
}

impl<S: SerializeMap> SerializeMap for Noting<S> {
    type Ok = S::Ok;
    type Error = Noted<S::Error>;

    #[inline(always)]
    fn serialize_key<T: Serialize + ?Sized>(
        &mut self,
        key: &T,
    ) -> Result<(), Self::Error> {
        self.0.serialize_key(&Noting(key)).map_err(Noted)
    }

    #[inline(always)]
    fn serialize_value<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(), Self::Error> {
        self.0.serialize_value(&Noting(value)).map_err(Noted)
    }

    #[inline(always)]
    fn end(self) -> Result<Self::Ok, Self::Error> {
        self.0.end().map_err(Noted)
    }
}
