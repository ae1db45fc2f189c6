"""The layouts of a dataset, read one way: in the pod, and on the laptop before a pod is rented."""

from pod_image.dataset.archives import DamagedMember
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.findings import Code
from pod_image.dataset.joined import JoinedSource, Part, read_datasets, survey_of
from pod_image.dataset.reader import Clip, Dataset, read_dataset
from pod_image.dataset.source import Entry, FileSource, FolderSource
from pod_image.dataset.survey import Survey, Utterance, survey

__all__ = [
    "Clip",
    "Code",
    "DamagedMember",
    "Dataset",
    "DatasetError",
    "Entry",
    "FileSource",
    "FolderSource",
    "JoinedSource",
    "Part",
    "Survey",
    "Utterance",
    "read_dataset",
    "read_datasets",
    "survey",
    "survey_of",
]
