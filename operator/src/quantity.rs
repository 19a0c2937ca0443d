//! Amounts of processors and memory as Kubernetes writes them, in the units the operator's own fields allow.

/// Thousandths of the amount: of a processor, or of a byte. None for a unit that is not used here.
pub fn milli(text: &str) -> Option<u128> {
    if let Some(number) = text.strip_suffix('m') {
        return number.parse().ok();
    }
    let units = [("Ki", 1_u128 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("", 1)];
    units.iter().find_map(|(unit, factor)| {
        let number: u128 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(factor * 1000)
    })
}

/// `count` times the amount, or `least` where that is more, in the largest unit without a rest.
pub fn times_or(amount: &str, count: u32, least: &str) -> String {
    let asked = milli(amount).unwrap_or_default().saturating_mul(u128::from(count));
    let milli = asked.max(milli(least).unwrap_or_default());
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    let whole = milli / 1000;
    let unit = [("Gi", 1_u128 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
        .into_iter()
        .find(|(_, factor)| whole >= *factor && whole % factor == 0);
    unit.map_or_else(|| whole.to_string(), |(unit, factor)| format!("{}{unit}", whole / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_across_units() {
        assert_eq!(milli("10m"), Some(10));
        assert_eq!(milli("1"), Some(1000));
        assert_eq!(milli("1024Mi"), milli("1Gi"));
        assert_eq!((milli("1 GB"), milli(""), milli("many")), (None, None, None));
    }

    #[test]
    fn the_larger_one_counts() {
        assert_eq!(times_or("64Mi", 3, "4Gi"), "4Gi");
        assert_eq!(times_or("2Gi", 3, "4Gi"), "6Gi");
        assert_eq!(times_or("1500m", 3, "4"), "4500m");
        assert_eq!(times_or("100Mi", 3, "1Ki"), "300Mi");
        assert_eq!(times_or("2", 3, "4"), "6");
    }
}
