/// A day of the Gregorian calendar, which is also used for the time before it was introduced.
///
/// The arithmetic counts years from March, so that the leap day is the last of its year, in eras of 400 years, which
/// all have 146097 days.
struct CivilDate: Hashable {
    var year: Int64
    /// From 1 to 12.
    var month: Int64
    /// From 1 to 31.
    var day: Int64

    /// Days from 0000-03-01, the first day of an era, to 1970-01-01.
    private static let epoch: Int64 = 719_468
    private static let daysOfEra: Int64 = 146_097

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day so many days after 1970-01-01.
    init(daysSinceEpoch: Int64) {
        let days = daysSinceEpoch + Self.epoch
        let dayOfEra = days.modulo(Self.daysOfEra)
        let era = (days - dayOfEra) / Self.daysOfEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // March to July and August to December have 153 days each, so five months from March take 153 days.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + 400 * era + (month <= 2 ? 1 : 0)
    }

    /// How many days after 1970-01-01 it is.
    var daysSinceEpoch: Int64 {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let yearOfEra = yearFromMarch.modulo(400)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (yearFromMarch - yearOfEra) / 400 * Self.daysOfEra + dayOfEra - Self.epoch
    }

    /// Whether there is such a day.
    var exists: Bool {
        (1...12).contains(month) && day >= 1 && CivilDate(daysSinceEpoch: daysSinceEpoch) == self
    }
}

extension Int64 {
    /// The remainder that is never negative.
    func modulo(_ divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
