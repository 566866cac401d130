//! What is made of 64 random bits. The bits are always the caller's.

/// A number below `bound`, each as likely as the others (but for one part in 2⁶⁴ / bound); 0 if the
/// bound is 0.
pub(in crate::upstream) fn below(bound: usize, random: &mut impl FnMut() -> u64) -> usize {
    // The upper half of the product: the bits as a fraction of one, times the bound.
    ((u128::from(random()) * bound as u128) >> 64) as usize
}

/// A number in 0..1.
pub(in crate::upstream) fn unit(random: &mut impl FnMut() -> u64) -> f64 {
    // As many bits as the mantissa of an f64 holds, so that 1 does not come out.
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_stay_inside() {
        assert_eq!(below(10, &mut || 0), 0);
        assert_eq!(below(10, &mut || u64::MAX), 9);
        assert_eq!(below(0, &mut || u64::MAX), 0);
        assert!(unit(&mut || 0).abs() < f64::EPSILON);
        assert!(unit(&mut || u64::MAX) < 1.0);
    }
}
