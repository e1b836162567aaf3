"""`luoshi imaging`: the archive of pictures."""

from __future__ import annotations

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """The archive of pictures."""


@group.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8043, show_default=True)
def archive(port: int) -> None:
    """Start the archive (Orthanc, on this machine alone) and keep it until interrupted.

    Needs Debian's packages orthanc and orthanc-dicomweb. Another archive is named by LUOSHI_DICOMWEB instead.
    """
    django_setup()
    from luoshi.services.imaging import archive as known
    from luoshi.services.imaging import orthanc

    process = orthanc.start(known.folder(), port)
    click.echo(f"The archive answers on 127.0.0.1:{port}; its pictures lie in {known.folder()}.")
    try:
        process.wait()
    except KeyboardInterrupt:
        click.echo("Stopping.")
    finally:
        process.terminate()
        process.wait(20)
