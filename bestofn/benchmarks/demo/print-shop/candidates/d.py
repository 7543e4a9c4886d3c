from bisect import insort


class Printer:
    def __init__(self, k, rest):
        self.k = k
        self.rest = rest
        self.free_at = 0
        self.printed = 0
        self.waited = 0
        self.last = None

    def run(self, job):
        length, arrival, number = job
        self.waited += self.free_at - arrival
        self.free_at += length
        self.printed += 1
        self.last = number
        if self.printed % self.k == 0:
            self.free_at += self.rest


n, k, rest = map(int, input().split())
arrivals = []
for number in range(1, n + 1):
    t, d = map(int, input().split())
    arrivals.append((t, number, d))
arrivals.sort(reverse=True)

printer = Printer(k, rest)
queue = []      # worst job first, so that the next one is popped from the end
while arrivals or queue:
    if not queue:
        printer.free_at = max(printer.free_at, arrivals[-1][0])
    while arrivals and arrivals[-1][0] <= printer.free_at:
        t, number, d = arrivals.pop()
        insort(queue, (-d, -t, -number))
    d, t, number = queue.pop()
    printer.run((-d, -t, -number))

print(printer.waited, printer.last)
