//! Chapter 3: where does it come from?.
