"""What can be rented: GPU and CPU types, data centres, stock and prices. Prices are of autumn 2026, per hour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

CLOUDS = ("SECURE", "COMMUNITY")


@dataclass(frozen=True)
class GpuType:
    id: str
    name: str
    memory_gb: int
    secure_usd: float
    community_usd: float
    pool: str | None = None
    max_secure: int = 8
    max_community: int = 8
    vcpus: int = 12
    ram_gb: int = 48
    cuda_versions: tuple[str, ...] = ("12.8", "12.9", "13.0")
    manufacturer: str = "NVIDIA"

    def price_usd(self, cloud: str) -> float:
        return self.secure_usd if cloud == "SECURE" else self.community_usd

    def offered(self, cloud: str) -> bool:
        return self.price_usd(cloud) > 0

    def most(self, cloud: str) -> int:
        """How many one pod may have; a ceiling, not the stock."""
        if not self.offered(cloud):
            return 0
        return self.max_secure if cloud == "SECURE" else self.max_community


@dataclass(frozen=True)
class CpuType:
    id: str
    name: str
    group: str
    ram_gb_per_vcpu: float
    secure_per_vcpu_usd: float
    most_vcpus: int = 32


@dataclass(frozen=True)
class DataCentre:
    id: str
    name: str
    region: str
    country: str
    global_network: bool = True
    volume_types: tuple[str, ...] = ("STANDARD",)
    compliance: tuple[str, ...] = ("SOC_2_TYPE_2",)


GPUS = (
    GpuType("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.69, 0.34, "ADA_24", vcpus=16, ram_gb=62),
    GpuType("NVIDIA GeForce RTX 3090", "RTX 3090", 24, 0.46, 0.22, "AMPERE_24", ram_gb=31),
    GpuType("NVIDIA GeForce RTX 5090", "RTX 5090", 32, 0.94, 0.69, "ADA_32_PRO", ram_gb=60),
    GpuType("NVIDIA RTX A4000", "RTX A4000", 16, 0.25, 0.17, "AMPERE_16", vcpus=8, ram_gb=24),
    GpuType("NVIDIA RTX A5000", "RTX A5000", 24, 0.27, 0.16, "AMPERE_24", vcpus=9, ram_gb=25),
    GpuType("NVIDIA RTX A6000", "RTX A6000", 48, 0.49, 0.33, "AMPERE_48", vcpus=9, ram_gb=50),
    GpuType("NVIDIA L4", "L4", 24, 0.39, 0.0, "AMPERE_24", ram_gb=50),
    GpuType("NVIDIA L40S", "L40S", 48, 0.86, 0.79, "ADA_48_PRO", vcpus=16, ram_gb=94),
    GpuType("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.64, 1.19, "AMPERE_80", ram_gb=117),
    GpuType(
        "NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.99, 2.69, "ADA_80_PRO", vcpus=20, ram_gb=251
    ),
    GpuType("NVIDIA B200", "B200", 180, 5.99, 0.0, "BLACKWELL_180", vcpus=28, ram_gb=283),
    GpuType(
        "AMD Instinct MI300X OAM",
        "MI300X",
        192,
        1.99,
        0.0,
        None,
        vcpus=24,
        ram_gb=283,
        cuda_versions=(),
        manufacturer="AMD",
    ),
)
CPUS = (
    CpuType("cpu3c", "Compute-Optimized", "Intel Xeon", 2.0, 0.03),
    CpuType("cpu3g", "General Purpose", "Intel Xeon", 4.0, 0.04),
    CpuType("cpu5c", "Compute-Optimized", "AMD EPYC", 2.0, 0.035),
)
DATA_CENTRES = (
    DataCentre(
        "EU-RO-1", "EU Romania 1", "EUROPE", "RO", volume_types=("STANDARD", "HIGH_PERFORMANCE")
    ),
    DataCentre("EU-SE-1", "EU Sweden 1", "EUROPE", "SE", compliance=("GDPR", "RENEWABLE")),
    DataCentre("US-KS-2", "US Kansas 2", "NORTH_AMERICA", "US"),
    DataCentre("US-TX-3", "US Texas 3", "NORTH_AMERICA", "US"),
    DataCentre("CA-MTL-3", "CA Montreal 3", "NORTH_AMERICA", "CA"),
    DataCentre("AP-JP-1", "AP Japan 1", "ASIA", "JP", global_network=False, volume_types=()),
)
_STOCK_PATTERN = (12, 4, 1, 0, 6, 2)


def usual_stock(gpus: Iterable[GpuType]) -> dict[tuple[str, str, str], int]:
    """Free GPUs by (GPU id, data centre, cloud): uneven and the same each time, with gaps."""
    stock: dict[tuple[str, str, str], int] = {}
    for row, gpu in enumerate(gpus):
        for column, centre in enumerate(DATA_CENTRES):
            free = _STOCK_PATTERN[(row + column) % len(_STOCK_PATTERN)]
            stock[gpu.id, centre.id, "SECURE"] = free if gpu.offered("SECURE") else 0
            stock[gpu.id, centre.id, "COMMUNITY"] = free // 2 if gpu.offered("COMMUNITY") else 0
    return stock


def level(free: int, count: int = 1) -> str:
    """The catalogue's word for what is left when `count` are wanted in one machine."""
    machines = free // max(count, 1)
    return (
        "NONE" if machines < 1 else "LOW" if machines < 3 else "MEDIUM" if machines < 9 else "HIGH"
    )


@dataclass
class Catalogue:
    """Types on offer and how many are free. `stock` may be changed at any time."""

    gpus: tuple[GpuType, ...] = GPUS
    cpus: tuple[CpuType, ...] = CPUS
    centres: tuple[DataCentre, ...] = DATA_CENTRES
    stock: dict[tuple[str, str, str], int] = field(default_factory=lambda: usual_stock(GPUS))

    def gpu(self, gpu_id: str) -> GpuType | None:
        return next((gpu for gpu in self.gpus if gpu.id == gpu_id), None)

    def cpu(self, cpu_id: str) -> CpuType | None:
        return next((cpu for cpu in self.cpus if cpu.id == cpu_id), None)

    def centre(self, centre_id: str) -> DataCentre | None:
        return next((centre for centre in self.centres if centre.id == centre_id), None)

    def free(self, gpu_id: str, centre_id: str, cloud: str) -> int:
        return self.stock.get((gpu_id, centre_id, cloud), 0)

    def places(self, gpu_id: str, count: int, cloud: str, wanted: list[str]) -> Iterator[str]:
        """Data centres with `count` free: in the wanted order, else the fullest first."""
        centres = wanted or sorted(
            (centre.id for centre in self.centres),
            key=lambda centre_id: -self.free(gpu_id, centre_id, cloud),
        )
        return (at for at in centres if self.free(gpu_id, at, cloud) >= count)

    def take(self, gpu_id: str, centre_id: str, cloud: str, count: int) -> None:
        """Change the stock: `count` fewer are free; negative gives back."""
        key = (gpu_id, centre_id, cloud)
        self.stock[key] = self.stock.get(key, 0) - count


def gpu_wire(gpu: GpuType) -> dict[str, Any]:
    """`GpuType` without availability."""
    return {
        "id": gpu.id,
        "name": gpu.name,
        "pool": gpu.pool,
        "manufacturer": gpu.manufacturer,
        "memory": gpu.memory_gb,
        "secure": gpu.offered("SECURE"),
        "community": gpu.offered("COMMUNITY"),
        "price": {"secure": gpu.secure_usd, "community": gpu.community_usd},
        "maxCount": {"secure": gpu.most("SECURE"), "community": gpu.most("COMMUNITY")},
    }


def cpu_wire(cpu: CpuType) -> dict[str, Any]:
    """`CpuType` without availability."""
    return {
        "id": cpu.id,
        "name": cpu.name,
        "group": cpu.group,
        "vcpu": {"min": 2, "max": cpu.most_vcpus},
        "ramGbPerVcpu": cpu.ram_gb_per_vcpu,
        "price": {"securePerVcpu": cpu.secure_per_vcpu_usd, "serverlessPerVcpu": 0.0},
    }


def centre_wire(centre: DataCentre) -> dict[str, Any]:
    """`DataCenter` without availability."""
    return {
        "id": centre.id,
        "name": centre.name,
        "region": centre.region,
        "globalNetwork": centre.global_network,
        "networkVolumeTypes": list(centre.volume_types),
        "compliance": list(centre.compliance),
    }
