"""Datasets: looking one over before a run."""

from __future__ import annotations

from fastapi import APIRouter

from launcher.errors import InvalidRequest
from launcher.serve.documents.datasets import DatasetAsked, DatasetFacts, dataset_facts
from launcher.serve.ground import Ground
from launcher.services import datasets
from launcher.services.common.repos import dataset_address


def dataset_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["datasets"])

    @routes.post("/datasets/check", response_model=DatasetFacts)
    async def check_dataset(asked: DatasetAsked) -> DatasetFacts:
        """Check a dataset: what is in it, and what would spoil a training. Nothing in it is changed.

        A dataset on the Hub is read with the serving computer's token, and only the headers of its audio
        files are fetched.
        """
        if bool(asked.dataset) == bool(asked.folder):
            raise InvalidRequest(
                "Give either a dataset on the Hub or a folder, not both.",
                hint='Give "dataset" or "folder".',
            )
        settings = asked.check_settings()
        with datasets.translated_faults():
            if asked.folder:
                folder = ground.allowed.path(asked.folder)
                report = await datasets.check_folder(folder, settings, follows_links=False)
                return dataset_facts(report)
            found = dataset_address(asked.dataset)
            repo = datasets.find_repo(found.repo if found else asked.dataset)
            report = await datasets.check_repo(
                ground.bench,
                repo,
                settings,
                revision=asked.revision or (found.revision if found else "") or None,
                folder=found.folder if found else "",
            )
        return dataset_facts(report)

    return routes
