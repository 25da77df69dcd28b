"""A quantity of a run as a line over what it grows with, by two runs of different sizes."""

from dataclasses import dataclass

from pipeline.plan.extrapolate import Estimate

BY_SLOPE = "slope between an eighth and all of the sample"


@dataclass(frozen=True)
class Line:
    """`fixed` for all units of work of a run together, and `slope` for one more of the driver."""

    fixed: float
    slope: float

    @classmethod
    def through(
        cls, small: tuple[float, float], large: tuple[float, float], noisy: bool = False
    ) -> "Line":
        """Through two runs, (driver, quantity) of each.

        Where the quantity does not rise it is proportional to the driver, or, if it is `noisy`,
        fixed: seconds of one graph may fall by chance.
        """
        (few, little), (many, much) = small, large
        slope = (much - little) / (many - few) if many > few else 0.0
        if slope <= 0 and noisy:
            return cls(much, 0.0)
        if slope <= 0 or slope * many >= much:
            return cls(0.0, much / many) if many > 0 else cls(much, 0.0)
        return cls(much - slope * many, slope)

    def at(self, driver: Estimate, units_ratio: float, sample: float, how: str) -> Estimate:
        """The quantity where the driver is as estimated and there are so many times the units.

        The range is that of the driver, and that the fixed part was none, or slope too.
        """
        fixed = self.fixed * units_ratio
        steepest = sample / driver.sample if driver.sample > 0 else self.slope
        return Estimate(
            fixed + self.slope * driver.value,
            self.slope * driver.low,
            max(steepest * driver.high, fixed + self.slope * driver.high),
            sample,
            how,
        )
