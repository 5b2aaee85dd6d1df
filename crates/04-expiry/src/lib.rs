//! Chapter 4: does it expire?.
