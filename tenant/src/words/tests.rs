use jiff::civil::date;

use super::*;

fn berlin(text: &str) -> Zoned {
    text.parse::<jiff::Timestamp>().unwrap().to_zoned(TimeZone::get("Europe/Berlin").unwrap())
}

fn all(say: impl Fn(Language) -> String) -> [String; 4] {
    Language::ALL.map(say)
}

#[test]
fn a_language_is_known_by_its_tag() {
    let tags = ["pt-BR", "PT", "es-AR", "de_AT", "fr", ""];
    assert_eq!(tags.map(|tag| Language::of(tag).tag()), ["pt-BR", "pt-BR", "es", "de", "en", "en"]);
    assert!(Language::ALL.iter().all(|language| Language::of(language.tag()) == *language));
}

#[test]
fn moments_carry_weekday_date_and_local_time() {
    let at = berlin("2026-11-24T14:00:00Z");
    assert_eq!(
        all(|language| language.moment(&at)),
        [
            "terça-feira, 24/11/2026 às 15:00",
            "martes, 24/11/2026 a las 15:00",
            "Dienstag, 24.11.2026 um 15:00 Uhr",
            "Tuesday, 24 November 2026 at 15:00"
        ]
    );
}

#[test]
fn the_zone_is_said_only_where_clocks_differ() {
    let at = berlin("2026-11-24T14:00:00Z");
    let zone = |name: &str| TimeZone::get(name).unwrap();
    let said = |name| Language::English.moment_for(&at, &zone(name));
    assert_eq!(said("Europe/Madrid"), "Tuesday, 24 November 2026 at 15:00");
    assert_eq!(said("Europe/London"), "Tuesday, 24 November 2026 at 15:00 (Europe/Berlin)");
    // A time of no zone's name is told by its distance from UTC.
    let fixed = at.timestamp().to_zoned(TimeZone::fixed(jiff::tz::offset(2)));
    assert_eq!(
        Language::German.moment_for(&fixed, &zone("Europe/Berlin")),
        "Dienstag, 24.11.2026 um 16:00 Uhr (UTC+02)"
    );
}

#[test]
fn ranges_name_the_day_once() {
    let (from, to) = (berlin("2026-11-24T14:00:00Z"), berlin("2026-11-24T14:45:00Z"));
    assert_eq!(
        all(|language| language.range(&from, &to)),
        [
            "terça-feira, 24/11/2026, das 15:00 às 15:45",
            "martes, 24/11/2026, de 15:00 a 15:45",
            "Dienstag, 24.11.2026, von 15:00 bis 15:45 Uhr",
            "Tuesday, 24 November 2026, from 15:00 to 15:45"
        ]
    );
    let night = berlin("2026-11-25T00:30:00Z");
    assert_eq!(
        Language::German.range(&from, &night),
        "Dienstag, 24.11.2026 um 15:00 Uhr – Mittwoch, 25.11.2026 um 01:30 Uhr"
    );
    let reader = TimeZone::get("Europe/London").unwrap();
    assert!(Language::Spanish.range_for(&from, &to, &reader).ends_with("a 15:45 (Europe/Berlin)"));
}

#[test]
fn days_are_told_by_their_distance() {
    assert_eq!(all(|language| language.from_today(1)), ["amanhã", "mañana", "morgen", "tomorrow"]);
    assert_eq!(all(|language| language.from_today(3)), ["em 3 dias", "en 3 días", "in 3 Tagen", "in 3 days"]);
    assert_eq!(
        all(|language| language.from_today(-2)),
        ["há 2 dias", "hace 2 días", "vor 2 Tagen", "2 days ago"]
    );
    assert_eq!(
        all(|language| language.from_wanted(0)),
        ["no mesmo dia", "el mismo día", "am selben Tag", "on the same day"]
    );
    assert_eq!(
        all(|language| language.from_wanted(-1)),
        ["1 dia antes", "1 día antes", "1 Tag früher", "1 day earlier"]
    );
    assert_eq!(Language::German.from_wanted(2), "2 Tage später");
}

#[test]
fn windows_are_said_as_they_were_meant() {
    let day = date(2026, 11, 27);
    let window = |from, to| Window { first: day, last: day, from, to };
    let english = |from, to| Language::English.window(&window(from, to));
    assert_eq!(english(0, 1440), "Friday, 27 November 2026");
    assert_eq!(english(900, 1440), "Friday, 27 November 2026, from 15:00 on");
    assert_eq!(english(900, 901), "Friday, 27 November 2026, at 15:00");
    assert_eq!(english(0, 601), "Friday, 27 November 2026, until 10:00");
    assert_eq!(english(0, 720), "Friday, 27 November 2026, until 12:00");
    assert_eq!(english(900, 1081), "Friday, 27 November 2026, from 15:00 to 18:00");
    assert_eq!(english(22 * 60, 26 * 60 + 1), "Friday, 27 November 2026, from 22:00 to 02:00");
    let week = Window::days(date(2026, 11, 23), date(2026, 11, 29));
    assert_eq!(Language::Portuguese.window(&week), "de segunda-feira, 23/11/2026 a domingo, 29/11/2026");
}
