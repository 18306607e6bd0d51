"""Ringway from end to end, as a program of yours would drive it: see docs/howto/integrate.md."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

from ringway_client import Ringway, WebhookReceiver, wait_for, wait_for_job
from simulated_phone import simulated_phone

IMPORT = {"region": "GB", "mapping": {"Kunde": "name", "Tel": "phone", "City": "city"}}
STEPS = [{"key": "new", "name_en": "New"}, {"key": "sent", "name_en": "Sent", "kind": "done"}]
WAYS = [{"key": "send", "name_en": "Send", "sources": ["new"], "to": "sent"}]


def open_enterprise(api: str, trunk: str) -> tuple[Ringway, Ringway, dict[str, Any]]:
    """Let the platform's operator open one; return its admin, its agent and what it has."""
    slug, password = f"shop-{token_hex(3)}", token_urlsafe(12)
    host, port = trunk.split(":")
    carrier = {"name": "carrier", "host": host, "port": int(port)}
    admin = {"username": "boss", "password": password}
    agent = {"username": "ann", "password": password, "agent_number": "1001"}
    shop = {"slug": slug, "name": "Shop", "admin": admin, "agents": [agent], "trunk": carrier}
    with Ringway(api, username="admin", password=os.environ["RINGWAY_PASSWORD"]) as operator:
        opened = operator.tenants.open_enterprise(shop)
    boss = Ringway(api, username=f"boss@{slug}", password=password)
    ann = Ringway(api, username=f"ann@{slug}", password=password)
    return boss, ann, {step.step: step.object_id for step in opened.steps}


def main(api: str, trunk: str) -> dict[str, Any]:
    """Let an enterprise work for a minute and return what came of it."""
    boss, ann, ids = open_enterprise(api, trunk)
    with boss, ann, WebhookReceiver() as receiver:
        # From now on we are told of each talk that is over.
        hook = {"url": receiver.url, "event_types": ["acd.v1.interaction.ended"]}
        receiver.secret = boss.webhooks.create_webhook(hook).secret

        # Customers come with our own headers, and numbers as they are written in our country.
        with Path(__file__).with_name("customers.csv").open("rb") as file:
            job = boss.customers.import_customers(file=file, options=json.dumps(IMPORT))
        job = wait_for_job(lambda: boss.customers.get_customer_import(job.import_id))

        # What customers may ask for, and the steps that it goes.
        steps = {"start": "new", "steps": STEPS, "transitions": WAYS}
        made = boss.work_order_designs.create_work_order_design(
            {"name_en": "Post", "design": steps}
        )
        wish = {"kind": "consultation", "name_en": "Brochure", "design_id": made.design_id}
        brochure = boss.business_types.create_business_type(wish).business_type_id

        # A campaign calls everybody of the file, at any hour: nobody real is called here.
        leads = boss.lists.create_list({"name": "Everybody of the file"}).list_id
        query = boss.lists.put_list_query(leads, {"batch_number": job.batch_number})
        wait_for_job(lambda: boss.imports.get_import(query.batch_id))
        how = {"mode": "progressive", "max_attempts": 1, "wrap_up_s": 1, "schedule": {}}
        of = {"project_id": ids["project"], "trunk_id": ids["trunk"], "agent_ids": [ids["agent"]]}
        wanted = {"name": "Spring", "list_ids": [leads], **of, **how}
        spring = boss.campaigns.create_campaign(wanted).campaign_id
        # Ann's phone registers; she signs in, which calls it, and is ready for customers.
        with simulated_phone(ann.agents.renew_phone_password()):
            ann.agents.begin_session({"leg_mode": "nailed_up"})
            ann.agents.choose_state({"state": "ready"})
            boss.campaigns.start_campaign(spring)
            wait_for(
                lambda: boss.campaigns.get_campaign(spring).state,
                lambda state: state == "finished",
                within_s=300,
            )
            ann.agents.end_session()

        figures = boss.campaigns.get_campaign_summary(spring)
        talks = wait_for(
            lambda: list(boss.interactions.iter_interactions(campaign_id=spring)),
            lambda them: len(them) == figures.answered and all(each.ended_at for each in them),
        )
        # Whom we talked with gets a brochure: an order with his name and number, which is sent.
        act = boss.work_orders.act_on_work_order
        for talk in talks:
            wish = {"business_type_id": brochure, "interaction_id": talk.interaction_id}
            order = boss.work_orders.create_work_order({**wish, "title": "Brochure"})
            act(order.work_order_id, "send", {}, if_match=order.version)
        wait_for(receiver.events, lambda them: len(them) >= len(talks))
        work = boss.reports.agent_work(from_=job.created_at, to=job.created_at + timedelta(days=1))
        return {
            "tenant": str(ids["enterprise"]),
            "import": job.counts,
            "campaign": boss.campaigns.get_campaign_summary(spring).model_dump(),
            "work_orders": [each.number for each in boss.work_orders.iter_work_orders()],
            "webhooks": len(receiver.events()),
            "agents": [each.model_dump(mode="json") for each in work.items],
        }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), indent=2))
