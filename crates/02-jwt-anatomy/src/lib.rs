//! Chapter 2: what is that token?.
