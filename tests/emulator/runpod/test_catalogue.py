"""What the catalogue says, with and without stock."""

from typing import Any

import pytest

from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import GPU

WITH_STOCK = "include=AVAILABILITY&product=POD"


async def gpus(cloud: Cloud, query: str = "") -> dict[str, dict[str, Any]]:
    reply = await cloud.get(f"/v2/catalog/gpus?{query}")
    assert reply.status_code == 200, reply.text
    return {gpu["id"]: gpu for gpu in reply.json()["gpus"]}


async def test_prices_and_ceilings_come_without_stock(cloud: Cloud) -> None:
    gpu = (await gpus(cloud))[GPU]
    assert gpu["price"] == {"secure": 0.69, "community": 0.34}
    assert gpu["maxCount"] == {"secure": 8, "community": 8}
    assert not {"availability", "dataCenters", "cudaVersions"} & set(gpu)


async def test_a_type_not_offered_in_a_cloud_has_a_flag_and_no_price(cloud: Cloud) -> None:
    gpu = (await gpus(cloud))["NVIDIA B200"]
    assert (gpu["secure"], gpu["community"], gpu["price"]["community"]) == (True, False, 0)


async def test_stock_is_a_word_per_data_centre(cloud: Cloud) -> None:
    gpu = (await gpus(cloud, WITH_STOCK))[GPU]
    assert gpu["availability"] == "HIGH"
    assert {at["id"]: at["availability"] for at in gpu["dataCenters"]} == {
        "EU-RO-1": "HIGH",
        "EU-SE-1": "MEDIUM",
        "US-KS-2": "LOW",
        "CA-MTL-3": "MEDIUM",
        "AP-JP-1": "LOW",
    }


async def test_more_gpus_in_one_machine_are_scarcer(cloud: Cloud) -> None:
    gpu = (await gpus(cloud, f"{WITH_STOCK}&count=6"))[GPU]
    assert [at["id"] for at in gpu["dataCenters"]] == ["EU-RO-1", "CA-MTL-3"]


async def test_what_is_sold_out_has_no_lists_at_all(cloud: Cloud) -> None:
    cloud.world.catalogue.stock = {}
    gpu = (await gpus(cloud, WITH_STOCK))[GPU]
    assert gpu["availability"] == "NONE"
    assert not {"dataCenters", "cudaVersions"} & set(gpu)


async def test_countries_narrow_the_list(cloud: Cloud) -> None:
    found = await gpus(cloud, f"{WITH_STOCK}&countryCodes=RO,SE")
    assert [at["id"] for at in found[GPU]["dataCenters"]] == ["EU-RO-1", "EU-SE-1"]
    in_japan = await gpus(cloud, f"{WITH_STOCK}&countryCodes=JP")
    assert "NVIDIA RTX A5000" in found
    assert "NVIDIA RTX A5000" not in in_japan


async def test_a_driver_narrows_the_stock(cloud: Cloud) -> None:
    found = await gpus(cloud, f"{WITH_STOCK}&minCudaVersion=12.9")
    offered = {each["version"]: each["available"] for each in found[GPU]["cudaVersions"]}
    assert offered == {"12.8": False, "12.9": True, "13.0": True}
    assert (await gpus(cloud, f"{WITH_STOCK}&cudaVersions=9.0"))[GPU]["availability"] == "NONE"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("include=AVAILABILITY", 400),
        ("product=POD", 400),
        ("count=1", 400),
        (f"{WITH_STOCK}&cudaVersions=12.8&minCudaVersion=12.8", 400),
        (f"{WITH_STOCK}&countryCodes=ro", 422),
        (f"{WITH_STOCK}&cloud=ALL", 422),
        (f"{WITH_STOCK}&count=0", 422),
        ("include=PRICES", 422),
    ],
)
async def test_filters_have_their_rules(cloud: Cloud, query: str, status: int) -> None:
    assert (await cloud.get(f"/v2/catalog/gpus?{query}")).status_code == status


async def test_one_type_is_found_by_its_id_and_not_by_its_name(cloud: Cloud) -> None:
    assert (await cloud.get(f"/v2/catalog/gpus/{GPU}?{WITH_STOCK}")).json()["id"] == GPU
    assert (await cloud.get("/v2/catalog/gpus/RTX 4090")).status_code == 404


async def test_data_centres_are_filtered_by_all_families(cloud: Cloud) -> None:
    async def ids(query: str) -> list[str]:
        body = (await cloud.get(f"/v2/catalog/datacenters?{query}")).json()
        return [centre["id"] for centre in body["dataCenters"]]

    assert await ids("regions=EUROPE,ASIA") == ["EU-RO-1", "EU-SE-1", "AP-JP-1"]
    assert await ids("networkVolumeTypes=STANDARD,HIGH_PERFORMANCE") == ["EU-RO-1"]
    assert await ids("compliance=GDPR") == ["EU-SE-1"]
    assert await ids("globalNetwork=false") == ["AP-JP-1"]
    assert await ids("regions=ASIA&globalNetwork=true") == []


@pytest.mark.parametrize("name", ["regions", "networkVolumeTypes", "compliance"])
async def test_a_family_that_the_description_does_not_know_is_refused(
    cloud: Cloud, name: str
) -> None:
    answer = await cloud.get(f"/v2/catalog/datacenters?{name}=NONESUCH")
    assert answer.status_code == 422


async def test_data_centres_show_stock_when_asked(cloud: Cloud) -> None:
    query = "include=GPU_AVAILABILITY,CPU_AVAILABILITY"
    centre = (await cloud.get(f"/v2/catalog/datacenters/EU-RO-1?{query}")).json()
    assert {"id": GPU, "name": "RTX 4090", "availability": "HIGH"} in centre["gpuAvailability"]
    assert centre["cpuAvailability"]
    assert (await cloud.get("/v2/catalog/datacenters/eu-ro-1")).status_code == 404
    assert (await cloud.get("/v2/catalog/datacenters?regions=MARS")).status_code == 422


async def test_cpus_have_a_price_per_vcpu(cloud: Cloud) -> None:
    cpus = (await cloud.get(f"/v2/catalog/cpus?{WITH_STOCK}")).json()["cpus"]
    assert cpus[0]["price"]["securePerVcpu"] == 0.03
    assert (await cloud.get("/v2/catalog/cpus/cpu3c")).json()["ramGbPerVcpu"] == 2.0
    assert (await cloud.get("/v2/catalog/cpus/cpu9z")).status_code == 404


async def test_public_templates_are_listed_and_cannot_be_deleted(cloud: Cloud) -> None:
    template = (await cloud.get("/v2/catalog/templates")).json()["templates"][0]
    assert template["image"].startswith("runpod/pytorch:")
    assert (await cloud.get(f"/v2/templates/{template['id']}")).status_code == 200
    assert (await cloud.delete(f"/v2/templates/{template['id']}")).status_code == 404
    none = await cloud.get("/v2/catalog/templates?source=community")
    assert none.json()["templates"] == []
