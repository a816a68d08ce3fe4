//! [`Noting`] around deserializers, visitors and what they pass to each other.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{Noted, Noting};

/// Methods that hand on their arguments and, wrapped, the visitor.
macro_rules! visit_with {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[inline(always)]
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            self.0.$method($($argument,)* Noting(visitor)).map_err(Noted)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Noting<D> {
    type Error = Noted<D::Error>;

    visit_with! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Methods that hand a plain value on.
macro_rules! visit {
    ($($method:ident($($value:ident: $type:ty)?);)*) => {$(
        #[inline(always)]
        fn $method<E: Error>(self, $($value: $type)?) -> Result<V::Value, E> {
            let visited = self.0.$method($($value)?);
            visited.map_err(|Noted(error): Noted<E>| error)
        }
    )*};
}

/// Methods that hand on, wrapped, where the parts of a value come from.
macro_rules! visit_parts {
    ($($method:ident($parts:ident);)*) => {$(
        #[inline(always)]
        fn $method<A: $parts<'de>>(self, parts: A) -> Result<V::Value, A::Error> {
            self.0.$method(Noting(parts)).map_err(|Noted(error)| error)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Noting<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    visit! {
        visit_bool(value: bool);
        visit_i8(value: i8);
        visit_i16(value: i16);
        visit_i32(value: i32);
        visit_i64(value: i64);
        visit_i128(value: i128);
        visit_u8(value: u8);
        visit_u16(value: u16);
        visit_u32(value: u32);
        visit_u64(value: u64);
        visit_u128(value: u128);
        visit_f32(value: f32);
        visit_f64(value: f64);
        visit_char(value: char);
        visit_str(value: &str);
        visit_borrowed_str(value: &'de str);
        visit_string(value: String);
        visit_bytes(value: &[u8]);
        visit_borrowed_bytes(value: &'de [u8]);
        visit_byte_buf(value: Vec<u8>);
        visit_none();
        visit_unit();
    }

    visit_parts! {
        visit_some(Deserializer);
        visit_newtype_struct(Deserializer);
        visit_seq(SeqAccess);
        visit_map(MapAccess);
        visit_enum(EnumAccess);
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Noting<S> {
    type Value = S::Value;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> Result<S::Value, D::Error> {
        let value = self.0.deserialize(Noting(from));
        value.map_err(|Noted(error)| error)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Noting<A> {
    type Error = Noted<A::Error>;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        self.0.next_element_seed(Noting(seed)).map_err(Noted)
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Noting<A> {
    type Error = Noted<A::Error>;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        self.0.next_key_seed(Noting(seed)).map_err(Noted)
    }

    #[inline(always)]
    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, Self::Error> {
        self.0.next_value_seed(Noting(seed)).map_err(Noted)
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Noting<A> {
    type Error = Noted<A::Error>;
    type Variant = Noting<A::Variant>;

    #[inline(always)]
    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), Self::Error> {
        let (value, variant) = self.0.variant_seed(Noting(seed)).map_err(Noted)?;
        Ok((value, Noting(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Noting<A> {
    type Error = Noted<A::Error>;

    #[inline(always)]
    fn unit_variant(self) -> Result<(), Self::Error> {
        self.0.unit_variant().map_err(Noted)
    }

    #[inline(always)]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Self::Error> {
        self.0.newtype_variant_seed(Noting(seed)).map_err(Noted)
    }

    visit_with! {
        tuple_variant(length: usize);
        struct_variant(fields: &'static [&'static str]);
    }
}
