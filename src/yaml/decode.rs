//! Reading the format's own frame (keys of files, cases, servers) from the tree by tables of keys.
