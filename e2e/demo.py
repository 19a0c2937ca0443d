"""`make demo`: a cluster, one McpClient, and an appointment booked over WhatsApp. Reuses the steps of the stories.

    demo.py          brings everything up, holds a short conversation, shows what came of it, and leaves it running
    demo.py down     removes it
    demo.py say [--from NUMBER] [--name NAME] TEXT
                     writes to the business as a customer and prints the answer
"""

import argparse
import os
import sys
from datetime import datetime

from steps import bed, clients, operator, simulator
from steps.agenda import Agenda
from steps.cluster import Cluster
from steps.credentials import Credentials
from steps.customer import Customer
from steps.names import ServiceNames
from steps.paths import REPOSITORY, tool
from steps.progress import say
from steps.simulator import Simulator
from steps.stand import AGENCY, Stand, refuse_a_real_platform, standing
from steps.tenant import Tenant
from steps.wait import until

_BED = "demo"
_CURRENT = os.environ.get("DEMO_CLUSTER") == "current"


def the_cluster(*, start: bool) -> Cluster:
    """A test bed of the demo's own, or the user's present cluster when DEMO_CLUSTER=current."""
    if _CURRENT:
        kubeconfig = os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
        if not os.path.exists(kubeconfig):
            sys.exit(f"DEMO_CLUSTER=current, but there is no {kubeconfig}; set KUBECONFIG")
        return Cluster(kubeconfig, bed=None)
    if start:
        return bed.start(_BED)
    return bed.running(_BED) or sys.exit("the demo does not run; start it with: make demo")


def up() -> None:
    """Everything from nothing to a booked appointment."""
    cluster = the_cluster(start=True)
    with standing(cluster) as stand:
        tenant = stand.add_example()
        converse(tenant, stand)
        print_how_to_go_on(cluster, tenant)


def converse(tenant: Tenant, stand: Stand) -> None:
    """A customer asks, chooses and gets a receipt; then the row and the event are shown."""
    agenda = Agenda(tenant.client)
    customer = Customer(tenant, stand.simulator, name="João Pereira")
    appointment = agenda.first_of_a_day()
    print(f"\n--- WhatsApp, {customer.name} ({customer.number}) and {tenant.client['spec']['displayName']}", flush=True)
    for words in (
        "Oi, bom dia! Quanto custa o corte?",
        f"Quero cortar o cabelo na {appointment.day}",
        f"pode ser às {appointment.clock}",
    ):
        print(f"\n  {customer.name}: {words}", flush=True)
        answer = customer.asks(words)
        print("\n".join(f"      > {line}" for line in answer.splitlines()), flush=True)

    print("\n--- the appointment in the tenant's database", flush=True)
    if cluster_is_here(tenant):
        (row,) = customer.bookings()
        for name in ("reference", "customer_name", "service_name", "staff_name", "start_us", "state"):
            value = row[name]
            if name == "start_us":
                name, value = "start", datetime.fromtimestamp(value / 1e6, agenda.zone).isoformat()
            print(f"  {name:14} {value}")
        (event,) = until("the calendar event", customer.events, seconds=20)
    else:
        print("  (a database inside your cluster is not opened from here)")
        (event,) = until("the calendar event", lambda: stand.simulator.events(tenant.calendar)[-1:], seconds=20)
    print(f"\n--- the event in the Google calendar {tenant.calendar}")
    body = event["event"]
    print(f"  {body['summary']}\n  {body['start']['dateTime']} – {body['end']['dateTime']}")


def cluster_is_here(tenant: Tenant) -> bool:
    """Whether the tenant's volume is a folder of this machine."""
    return tenant.cluster.bed is not None


def print_how_to_go_on(cluster: Cluster, tenant: Tenant) -> None:
    """What to type next."""
    print("\n--- kubectl get mcpclients --all-namespaces")
    print(cluster.kubectl("get", "mcpclients", "--all-namespaces"), flush=True)
    python = f"{sys.executable} {os.path.relpath(__file__, REPOSITORY)}"
    prefix = "DEMO_CLUSTER=current " if _CURRENT else ""
    print(
        "--- it keeps running; go on by hand:\n"
        f'  {prefix}{python} say "Tem horário no sábado de manhã?"\n'
        f"  {tool('kubectl')} --kubeconfig {cluster.kubeconfig} -n {tenant.namespace} get all\n"
        f"  {tool('kubectl')} --kubeconfig {cluster.kubeconfig} -n {AGENCY} edit mcpclient {tenant.name}\n"
        f"and when you have seen enough:\n  {prefix}make demo-down",
        flush=True,
    )


def write(sender: str | None, name: str, text: str) -> None:
    """One message from a customer, by the simulator as Meta would deliver it, and the answer."""
    cluster = the_cluster(start=False)
    with ServiceNames(cluster):
        vendors = Simulator(simulator.authority_of(cluster))
        customer = Customer(Tenant(cluster, clients.barbershop(), Credentials({}, "")), vendors, name)
        customer.number = sender or "5511987654321"
        before = len(customer.answers())
        vendors.say(customer.tenant.number, customer.number, name, text)
        print(customer.answer(before + 1, seconds=40))


def down() -> None:
    """Removes everything that `up` made."""
    if not _CURRENT:
        bed.stop(_BED)
        return
    cluster = the_cluster(start=False)
    refuse_a_real_platform(cluster)
    client = clients.barbershop()["metadata"]
    say("deleting the client (its data goes too: the example says so)")
    cluster.delete("mcpclient", client["name"], AGENCY)
    operator.uninstall(cluster)
    for namespace in (AGENCY, "simulator", operator.NAMESPACE):
        cluster.delete("namespace", namespace)
    cluster.delete("customresourcedefinition", "mcpclients.mcp-platform.dev")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("up")
    commands.add_parser("down")
    saying = commands.add_parser("say")
    saying.add_argument("--from", dest="sender", metavar="NUMBER")
    saying.add_argument("--name", default="João Pereira")
    saying.add_argument("text")
    arguments = parser.parse_args()
    match arguments.command:
        case "down":
            down()
        case "say":
            write(arguments.sender, arguments.name, arguments.text)
        case _:
            up()


if __name__ == "__main__":
    main()
