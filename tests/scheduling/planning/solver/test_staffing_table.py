"""The arrays say what the rules say, for everybody and every place, in any order of the input."""

from benchmarks.instances.staff import city
from scheduling.planning.rules.problem import Duty
from scheduling.planning.rules.teams import can_serve_both, obstacle, positions
from scheduling.planning.solver.staffing_table import tabulate
from tests.scheduling.planning import small


def test_who_may_take_what_as_the_rules_say() -> None:
    problem, sessions, _ = city(5)
    table = tabulate(problem, sessions[::40], problem.staff[::9])
    by_id = {one.id: one for one in sessions}
    for number, id in enumerate(table.sessions):
        duties = positions(problem, by_id[id])
        assert [table.place_head[place] for place in table.places[number]] == [True, *[False] * (len(duties) - 1)]
        for place, duty in zip(table.places[number], duties, strict=True):
            for row, person in enumerate(table.persons):
                may = obstacle(problem, problem.person[person], by_id[id], duty) is None
                assert table.may(row, place) is may
                assert (row in table.columns[place]) is may


def test_the_way_between_sites_as_the_rules_say() -> None:
    sites = (small.site(), small.site("S2", lat=31.25), small.site("S3", lat=33.2))
    problem = small.problem(sites=sites, staff=(small.person(),))
    sessions = [
        small.session(f"{site.id}{slot.id}", site=site.id, slot=slot.id) for site in sites for slot in problem.slots
    ]
    table = tabulate(problem, sessions, problem.staff)
    for one in sessions:
        for other in sessions:
            if one.slot != other.slot:
                names = [(table.slots.index(each.slot), table.sites.index(each.site)) for each in (one, other)]
                assert table.fits(*names[0], *names[1]) is can_serve_both(problem, one, other)


def test_the_order_of_the_input_does_not_matter() -> None:
    problem, sessions, _ = city(5)
    table = tabulate(problem, sessions, problem.staff)
    again = tabulate(problem, sessions[::-1], problem.staff[::-1])
    assert (table.persons, table.sessions, table.columns) == (again.persons, again.sessions, again.columns)


def test_nobody_and_nothing() -> None:
    table = tabulate(small.problem(), (), ())
    assert (table.columns, table.slots_of_day, table.km.shape) == ([], [], (0, 0))
    table = tabulate(small.problem(), (small.session(),), ())
    assert table.columns == [[], []]
    table = tabulate(small.problem(), (), (small.person(duties=(Duty.ASSESSOR,)),))
    assert table.head.shape == (1, 0)
