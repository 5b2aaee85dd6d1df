//! The pieces of the earlier exercises: yours. (The solution of this exercise is checked with the
//! solutions of those, so that it can be checked before anybody has solved them.)

#[cfg(not(feature = "solution"))]
pub use {audience::claims, life_left::end, six_bits::bytes};

#[cfg(feature = "solution")]
pub use {four::end, one::bytes, three::claims};

#[cfg(feature = "solution")]
#[path = "../../../solutions/02_jwt_anatomy/01_six_bits.rs"]
mod one;

#[cfg(feature = "solution")]
#[path = "../../../solutions/02_jwt_anatomy/03_audience.rs"]
mod three;

#[cfg(feature = "solution")]
#[path = "../../../solutions/02_jwt_anatomy/04_life_left.rs"]
mod four;
