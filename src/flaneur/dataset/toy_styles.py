"""Nothing in; the looks of eight invented cities out. Each has its own sky, walls, windows, roofs, roads and trees."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facade:
    """The grammar of a city's house fronts.

    Args:
        walls: colours to choose a house's wall from.
        trim: of cornices and window frames.
        roof: ``flat``, ``mansard``, ``gable``, ``stepped`` or ``tiles``.
        roof_colour: of the roof.
        floors: fewest and most storeys.
        storey_m: height of a storey.
        bay_m: from one window to the next.
        window: width and height of a window as shares of bay and storey.
        shutters: colour, where the city has them.
        balconies: share of houses with balconies.
        shops: share of houses with a shop front.
    """

    walls: tuple[Colour, ...]
    trim: Colour
    roof: str
    roof_colour: Colour
    floors: tuple[int, int]
    storey_m: float
    bay_m: float
    window: tuple[float, float]
    shutters: Colour | None = None
    balconies: float = 0.0
    shops: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class CityStyle:
    """One invented city.

    Args:
        name: for people.
        facade: its houses.
        sky: colour above and at the horizon on a clear day.
        half_width_m: from the middle of the road to the house fronts.
        road: colour of the carriageway.
        pavement: colour of pavements.
        marking: ``dashes``, ``double``, ``edges`` or ``none``.
        marking_colour: of the marking.
        drives_left: side of driving.
        tree: ``round``, ``palm``, ``cypress``, ``pine`` or ``none``.
        tree_gap_m: usual distance between trees.
        taxi: colour of the city's taxis.
        sign: ``disc``, ``diamond`` or ``plate``.
        sign_colour: of signs and awnings.
        backdrop: ``hills``, ``sea``, ``towers`` or ``none``, at the end of the street.
        wires: whether overhead wires cross the street.
    """

    name: str
    facade: Facade
    sky: tuple[Colour, Colour]
    half_width_m: float
    road: Colour
    pavement: Colour
    marking: str
    marking_colour: Colour
    drives_left: bool
    tree: str
    tree_gap_m: float
    taxi: Colour
    sign: str
    sign_colour: Colour
    backdrop: str
    wires: bool = False


# fmt: off
STYLES: tuple[CityStyle, ...] = (
    CityStyle(
        name="Aldmoor", sky=((126, 146, 168), (206, 214, 220)), half_width_m=7.5, road=(84, 86, 90),
        pavement=(150, 148, 144), marking="double", marking_colour=(232, 186, 40), drives_left=True, tree="round",
        tree_gap_m=34, taxi=(24, 24, 28), sign="disc", sign_colour=(32, 70, 150), backdrop="none",
        facade=Facade(
            walls=((150, 74, 58), (134, 64, 52), (166, 92, 70), (120, 62, 54), (184, 160, 132)), trim=(234, 230, 220),
            roof="gable", roof_colour=(72, 76, 88), floors=(2, 3), storey_m=3.0, bay_m=2.6, window=(0.46, 0.56),
            shops=0.25,
        ),
    ),
    CityStyle(
        name="Port Serein", sky=((64, 138, 214), (188, 220, 240)), half_width_m=8.0, road=(128, 122, 116),
        pavement=(204, 190, 168), marking="dashes", marking_colour=(236, 236, 230), drives_left=False, tree="palm",
        tree_gap_m=16, taxi=(244, 244, 244), sign="disc", sign_colour=(200, 44, 44), backdrop="sea",
        facade=Facade(
            walls=((232, 178, 108), (226, 150, 112), (238, 206, 150), (214, 128, 96), (240, 216, 184)),
            trim=(250, 240, 220), roof="tiles", roof_colour=(184, 92, 60), floors=(3, 5), storey_m=3.2, bay_m=3.1,
            window=(0.36, 0.58), shutters=(58, 112, 92), balconies=0.35, shops=0.45,
        ),
    ),
    CityStyle(
        name="Kestrelhavn", sky=((110, 160, 200), (220, 226, 226)), half_width_m=6.5, road=(132, 130, 132),
        pavement=(168, 164, 160), marking="none", marking_colour=(236, 236, 230), drives_left=False, tree="round",
        tree_gap_m=60, taxi=(40, 90, 60), sign="plate", sign_colour=(30, 96, 168), backdrop="sea",
        facade=Facade(
            walls=((168, 52, 44), (214, 164, 60), (70, 104, 138), (222, 214, 196), (96, 132, 104), (196, 112, 56)),
            trim=(246, 246, 240), roof="stepped", roof_colour=(120, 66, 54), floors=(3, 4), storey_m=2.9, bay_m=2.2,
            window=(0.56, 0.6), shops=0.35,
        ),
    ),
    CityStyle(
        name="Valdorada", sky=((84, 156, 226), (236, 226, 198)), half_width_m=7.0, road=(110, 104, 98),
        pavement=(190, 176, 158), marking="double", marking_colour=(236, 236, 230), drives_left=False, tree="cypress",
        tree_gap_m=22, taxi=(238, 190, 30), sign="diamond", sign_colour=(240, 196, 32), backdrop="hills", wires=True,
        facade=Facade(
            walls=((244, 240, 230), (238, 232, 214), (250, 246, 240), (232, 214, 170), (206, 222, 232)),
            trim=(46, 92, 160), roof="flat", roof_colour=(196, 150, 110), floors=(2, 3), storey_m=3.6, bay_m=3.4,
            window=(0.34, 0.62), balconies=0.75, shops=0.3,
        ),
    ),
    CityStyle(
        name="Nimbury", sky=((94, 150, 206), (214, 226, 234)), half_width_m=12.0, road=(70, 72, 78),
        pavement=(176, 178, 180), marking="edges", marking_colour=(236, 236, 230), drives_left=True, tree="round",
        tree_gap_m=18, taxi=(210, 60, 50), sign="plate", sign_colour=(20, 120, 70), backdrop="towers",
        facade=Facade(
            walls=((122, 142, 160), (150, 160, 168), (96, 116, 138), (186, 190, 192), (110, 128, 128)),
            trim=(210, 216, 220), roof="flat", roof_colour=(110, 114, 120), floors=(6, 14), storey_m=3.5, bay_m=2.4,
            window=(0.8, 0.66), shops=0.6,
        ),
    ),
    CityStyle(
        name="Montclaire", sky=((140, 176, 214), (224, 226, 222)), half_width_m=10.5, road=(96, 96, 98),
        pavement=(182, 176, 168), marking="dashes", marking_colour=(236, 236, 230), drives_left=False, tree="round",
        tree_gap_m=11, taxi=(60, 62, 70), sign="plate", sign_colour=(36, 78, 140), backdrop="none",
        facade=Facade(
            walls=((226, 212, 184), (218, 204, 178), (232, 222, 200), (208, 194, 170)), trim=(240, 232, 214),
            roof="mansard", roof_colour=(98, 108, 122), floors=(5, 6), storey_m=3.2, bay_m=2.7, window=(0.42, 0.7),
            balconies=0.85, shops=0.7,
        ),
    ),
    CityStyle(
        name="Hoshigawa", sky=((150, 186, 214), (230, 232, 232)), half_width_m=5.2, road=(104, 106, 110),
        pavement=(124, 126, 128), marking="edges", marking_colour=(236, 236, 230), drives_left=True, tree="pine",
        tree_gap_m=48, taxi=(46, 130, 80), sign="disc", sign_colour=(206, 40, 52), backdrop="hills", wires=True,
        facade=Facade(
            walls=((198, 194, 186), (170, 164, 154), (216, 212, 206), (150, 124, 100), (186, 178, 176)),
            trim=(120, 112, 104), roof="tiles", roof_colour=(84, 90, 100), floors=(2, 4), storey_m=2.8, bay_m=3.3,
            window=(0.62, 0.44), balconies=0.5, shops=0.45,
        ),
    ),
    CityStyle(
        name="Drumlin Bay", sky=((84, 150, 220), (216, 230, 240)), half_width_m=13.0, road=(112, 112, 112),
        pavement=(116, 148, 84), marking="double", marking_colour=(232, 186, 40), drives_left=False, tree="pine",
        tree_gap_m=15, taxi=(236, 180, 36), sign="diamond", sign_colour=(236, 190, 30), backdrop="hills", wires=True,
        facade=Facade(
            walls=((222, 228, 230), (150, 180, 196), (228, 214, 170), (188, 96, 88), (168, 190, 160)),
            trim=(250, 250, 248), roof="gable", roof_colour=(96, 84, 82), floors=(1, 2), storey_m=3.1, bay_m=3.2,
            window=(0.44, 0.48), shops=0.1,
        ),
    ),
)
# fmt: on
