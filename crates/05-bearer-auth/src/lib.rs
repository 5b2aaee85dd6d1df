//! Chapter 5: how can I use it, and where is it stored?.
