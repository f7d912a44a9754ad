from app.graphql.execution.cpu_clock import CpuClock


class Machine:
    """What its clocks show; `asked` is how often the kernel was."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0
        self.asked = 0

    def work(self, seconds: float) -> None:
        self.cpu += seconds
        self.wall += seconds

    def thread_time(self) -> float:
        self.asked += 1
        return self.cpu


def test_the_kernel_is_not_asked_again_within_a_fifth_of_a_millisecond() -> None:
    machine = Machine()
    clock = CpuClock(cpu=machine.thread_time, wall=lambda: machine.wall)

    told = []
    for _ in range(10):
        told.append(clock())
        machine.work(0.00001)

    assert machine.asked == 1
    assert [round(seconds, 5) for seconds in told] == [round(0.00001 * number, 5) for number in range(10)]


def test_what_others_of_the_machine_do_counts_for_no_longer_than_that() -> None:
    machine = Machine()
    clock = CpuClock(cpu=machine.thread_time, wall=lambda: machine.wall)

    clock()
    machine.wall += 60.0

    assert clock() == 0.0
    assert machine.asked == 2
