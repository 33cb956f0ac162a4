//! Imports of a descriptor, taken out.

use prost_types::FileDescriptorProto;

/// Takes imports out of a file, and out of the lists that count them.
pub(super) fn drop_imports(file: &mut FileDescriptorProto, is_dropped: impl Fn(&str) -> bool) {
    if !file.dependency.iter().any(|import| is_dropped(import)) {
        return;
    }
    let old = std::mem::take(&mut file.dependency);
    let mut places = Vec::with_capacity(old.len());
    for import in old {
        let is_kept = !is_dropped(&import);
        places.push(is_kept.then_some(file.dependency.len()));
        if is_kept {
            file.dependency.push(import);
        }
    }
    let moved = |at: &i32| {
        let at = *places.get(usize::try_from(*at).ok()?)?;
        i32::try_from(at?).ok()
    };
    file.public_dependency = file.public_dependency.iter().filter_map(moved).collect();
    file.weak_dependency = file.weak_dependency.iter().filter_map(moved).collect();
}
